# %% [markdown]
# [en]
# # 5 · Fashion
#
# Fashion-MNIST has the size of MNIST, and ten kinds of clothes. First you look at 20 of them with the names of their classes; then
# you learn ankle boots alone, then everything at once, then every class under its name.
# [fr]
# # 5 · La mode
#
# Fashion-MNIST a la taille de MNIST, et dix sortes de vêtements. D'abord vous en regardez 20 avec le nom de leur classe ; puis
# vous apprenez les bottines seules, puis tout à la fois, puis chaque classe sous son nom.

# %%
import sys

sys.path.insert(0, "..")

import faussaire
import numpy as np
from checks import Checks
from pictures import Pictures, opened, reports, sheet

check, draw = Checks("[[en | fr]]"), Pictures("[[en | fr]]")
data = faussaire.prepare("fashion-mnist")
draw.bars(data.inventory.class_counts, title="[[images of each class | images par classe]]")

# %% [markdown]
# [en]
# ## Twenty samples and the names of their classes
#
# `data.images` are the images, `data.labels` the number of the class of each, `data.spec.classes` the names. Return the first
# `n` images, and a list of their `n` names.
#
# <details><summary>Hint 1</summary>
#
# `data.images[:n]` and `data.labels[:n]`
# </details>
# <details><summary>Hint 2</summary>
#
# `[data.spec.classes[label] for label in data.labels[:n]]`
# </details>
# [fr]
# ## Vingt exemples et le nom de leur classe
#
# `data.images` sont les images, `data.labels` le numéro de la classe de chacune, `data.spec.classes` les noms. Renvoyez les `n`
# premières images, et la liste de leurs `n` noms.
#
# <details><summary>Indice 1</summary>
#
# `data.images[:n]` et `data.labels[:n]`
# </details>
# <details><summary>Indice 2</summary>
#
# `[data.spec.classes[label] for label in data.labels[:n]]`
# </details>

# %%
def first_named(data, n):
    # START: [[two lines | deux lignes]]
    names = [data.spec.classes[label] for label in data.labels[:n]]
    return data.images[:n], names
    # END


answer = check.first_named(first_named)
answer

# %%
images, names = answer.use(data, 20)
draw.named(images.transpose(0, 2, 3, 1), names)

# %% [markdown]
# [en]
# ## Ankle boots
#
# One class alone, by its name.
# [fr]
# ## Les bottines
#
# Une classe toute seule, par son nom.

# %%
boots = faussaire.train(
    "fashion-mnist",
    classes=["Ankle boot"],
    kimg=25,  # quick: 0.3
    width=8,
    run="runs/boots",
)
sheet(boots.generator().sample(30), columns=10)

# %% [markdown]
# [en]
# ## Every class at once
#
# Nobody tells the networks that there are classes. Which kinds of clothes do you find again?
# [fr]
# ## Toutes les classes à la fois
#
# Personne ne dit aux réseaux qu'il y a des classes. Quelles sortes de vêtements retrouvez-vous ?

# %%
everything = faussaire.train(
    "fashion-mnist",
    kimg=30,  # quick: 0.3
    width=8,
    run="runs/everything",
)
sheet(everything.generator().sample(50), columns=10)

# %%
draw.curves(reports(everything), unit="kimg")

# %% [markdown]
# [en]
# ## Each under its name
#
# With `conditional=True` both networks are told the class: `G` is asked for a *sandal*, and `D` judges whether this is a real *sandal*.
# [fr]
# ## Chacune sous son nom
#
# Avec `conditional=True`, on dit la classe aux deux réseaux : on demande à `G` une *Sandal*, et `D` juge si c'est une *Sandal* réelle.

# %%
by_name = faussaire.train(
    "fashion-mnist",
    conditional=True,
    kimg=30,  # quick: 0.3
    width=8,
    run="runs/by-name",
)
generator = by_name.generator()
draw.rows({name: generator.sample(10, label=name) for name in generator.spec.classes})

# %% [markdown]
# [en]
# The columns have the same latent. Do the images of a column have something in common?
#
# ## D looks at twelve of them
#
# The strip that `D` judged last: six real images, then six fakes, and its logit for each. Above the boundary it says REAL.
# [fr]
# Dans une colonne, le latent est le même. Les images d'une colonne ont-elles quelque chose en commun ?
#
# ## D en regarde douze
#
# La bande que `D` a jugée en dernier : six images réelles, puis six contrefaçons, et son logit pour chacune. Au-dessus de la limite, il
# dit REAL.

# %%
last = [*by_name.events("judged")][-1].data
verdicts = [f"{logit:+.1f}\n{'REAL' if logit > last['boundary'] else 'FAKE'}" for logit in last["real"] + last["fake"]]
strip = np.asarray(opened(by_name.path / last["path"]).convert("L"))
tiles = np.stack(np.split(strip[:, : len(verdicts) * (strip.shape[1] // len(verdicts))], len(verdicts), axis=1))[..., None]
draw.named(tiles, verdicts, columns=12)

# %% [markdown]
# [en]
# ## To try
#
# - `faussaire.train("fashion-mnist", minutes=10)`: ten minutes for the real thing, with networks as wide as your machine can afford.
# - In a terminal: `faussaire serve runs`, to walk through the latents with the mouse, and to play the discriminator yourself.
# - Which class comes out worst? Look at how alike its images are in the data.
#
# **Next:** [6 · Your own images](06-your-own-images.ipynb).
# [fr]
# ## À essayer
#
# - `faussaire.train("fashion-mnist", minutes=10)` : dix minutes pour de bon, avec des réseaux aussi larges que votre machine le permet.
# - Dans un terminal : `faussaire serve runs`, pour se promener dans les latents à la souris, et jouer vous-même le discriminateur.
# - Quelle classe réussit le moins bien ? Regardez à quel point ses images se ressemblent dans les données.
#
# **La suite :** [6 · Vos propres images](06-your-own-images.ipynb).

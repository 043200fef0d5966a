# %% [markdown]
# [en]
# # 7 · When it goes wrong
#
# Whoever has broken a GAN on purpose recognises it when it happens by accident. You cause three accidents, read what the run says of
# itself, and mend each: a **mode collapse**, a **D that is too strong**, and the **memorisation** of fifty images.
# [fr]
# # 7 · Quand cela tourne mal
#
# Qui a cassé un GAN exprès le reconnaît quand cela arrive par accident. Vous provoquez trois accidents, lisez ce que l'entraînement
# dit de lui-même, et réparez chacun : un **effondrement de modes**, un **D trop fort**, et la **mémorisation** de cinquante images.

# %%
import sys

sys.path.insert(0, "..")

import answers
import faussaire
import numpy as np
import torch
from checks import Checks
from pictures import Pictures, reports, sheet

check, draw = Checks("[[en | fr]]"), Pictures("[[en | fr]]")
print("faussaire", faussaire.__version__)

# %% [markdown]
# [en]
# ## A mode collapse
#
# Both networks take steps five times as large as they should, and nothing keeps `D` smooth. After a few of them `G` makes the same
# picture of every latent, often an empty, black one. `D` needs to know only that one picture to be right every time, and there is no way back.
# [fr]
# ## Un effondrement de modes
#
# Les deux réseaux font des pas cinq fois trop grands, et rien ne garde `D` lisse. Au bout de quelques pas, `G` fait la même image à
# partir de tous les latents, souvent vide et noire. Il suffit alors à `D` de connaître cette seule image pour avoir toujours raison, et il n'y a pas de retour.

# %%
COLLAPSING = {
    "width": 8,
    "loss": "bce",
    "penalties": [],
    "augment": [],
    "lr": 3e-2,
    "lr_schedule": "constant",
    "beta1": 0.5,
    "beta2": 0.999,
    "ema": 0.0,
}
collapsed = faussaire.train(
    "mnist",
    **COLLAPSING,
    kimg=4,  # quick: 0.4
    run="runs/collapsed",
)
sheet(collapsed.generator().sample(20), columns=10)

# %%
print(check.in_words(collapsed))

# %% [markdown]
# [en]
# The figure behind the verdict is the **diversity**: how much fakes vary over how much reals do. 1 is as it should be; below 0.3 for
# five reports is called collapsed.
#
# ### Mend it
#
# Return other settings. Which two of them make the steps so large, and `D` so rough?
#
# <details><summary>Hint 1</summary>
#
# `{**settings, "lr": 1e-2}` is the same dict with one other value.
# </details>
# <details><summary>Hint 2</summary>
#
# `"lr": 6e-3`, and `"penalties": ["r1", "r2"]`, which keep the slope of `D` gentle.
# </details>
# [fr]
# Le chiffre derrière le verdict est la **diversité** : combien les contrefaçons varient, divisé par combien les images réelles varient. 1
# est ce qu'il faut ; en dessous de 0,3 pendant cinq rapports, on parle d'effondrement (*collapsed*).
#
# ### Réparez-le
#
# Renvoyez d'autres réglages. Lesquels rendent les pas si grands, et `D` si rude ?
#
# <details><summary>Indice 1</summary>
#
# `{**settings, "lr": 1e-2}` est le même dict, avec une autre valeur.
# </details>
# <details><summary>Indice 2</summary>
#
# `"lr": 6e-3`, et `"penalties": ["r1", "r2"]`, qui gardent douce la pente de `D`.
# </details>

# %%
def mend_collapse(settings):
    # START
    return {**settings, "lr": 6e-3, "penalties": ["r1", "r2"]}
    # END


answer = check.settings(mend_collapse, COLLAPSING, ours=answers.vary)
answer

# %%
mended = faussaire.train(
    "mnist",
    **answer.use(COLLAPSING),
    kimg=20,  # quick: 0.6
    run="runs/collapse-mended",
)
check.verdict(mended, "collapsed")

# %%
sheet(mended.generator().sample(20), columns=10)

# %% [markdown]
# [en]
# ## A D that is too strong
#
# Now `D` takes five steps for one of `G`. It is right all the time, and sure of it. Then its answer hardly changes when a
# fake changes a little: its slope at the fakes says nothing, and `G` learns nothing.
# [fr]
# ## Un D trop fort
#
# À présent `D` fait cinq pas pour un de `G`. Il a toujours raison, et il en est sûr. Sa réponse ne change alors presque plus quand une
# contrefaçon change un peu : sa pente au niveau des contrefaçons ne dit rien, et `G` n'apprend rien.

# %%
OVERPOWERED = {
    "architecture": "dense",
    "loss": "bce",
    "penalties": [],
    "augment": [],
    "batch_size": 100,
    "lr": 2e-4,
    "lr_schedule": "constant",
    "beta1": 0.5,
    "beta2": 0.999,
    "d_steps": 5,
    "ema": 0.0,
}
strong = faussaire.train(
    "mnist",
    **OVERPOWERED,
    kimg=40,  # quick: 2
    run="runs/strong-D",
)
draw.curves(reports(strong), unit="kimg")

# %%
print(check.in_words(strong))

# %% [markdown]
# [en]
# ### A penalty on the slope
#
# What keeps `D` from being so sure is a **penalty** on how steep it is at real samples (R1): the squared length of its slope there,
# averaged over the samples. Fill in two lines.
#
# <details><summary>Hint 1</summary>
#
# `(slope,) = torch.autograd.grad(D(points).sum(), points, create_graph=True)`: the slope of `D` at each point; with `create_graph`
# the slope itself can be learnt from.
# </details>
# <details><summary>Hint 2</summary>
#
# `slope.flatten(1).square().sum(1)` is the squared length of each; then the mean.
# </details>
# [fr]
# ### Une pénalité sur la pente
#
# Ce qui empêche `D` d'être si sûr de lui est une **pénalité** sur sa raideur aux données réelles (R1) : le carré de la longueur de
# sa pente, en moyenne sur les données. Complétez deux lignes.
#
# <details><summary>Indice 1</summary>
#
# `(slope,) = torch.autograd.grad(D(points).sum(), points, create_graph=True)` : la pente de `D` en chaque point ; avec
# `create_graph`, on peut apprendre de la pente elle-même.
# </details>
# <details><summary>Indice 2</summary>
#
# `slope.flatten(1).square().sum(1)` est le carré de la longueur de chacune ; puis la moyenne.
# </details>

# %%
def penalty(D, real):
    points = real.requires_grad_(True)
    # START: [[two lines | deux lignes]]
    (slope,) = torch.autograd.grad(D(points).sum(), points, create_graph=True)
    return slope.flatten(1).square().sum(1).mean()
    # END


check.penalty(penalty)

# %% [markdown]
# [en]
# ### Mend it
# [fr]
# ### Réparez-le

# %%
def mend_strong(settings):
    # START
    return {**settings, "lr": 1e-3, "d_steps": 1, "penalties": ["r1", "r2"]}
    # END


answer = check.settings(mend_strong, OVERPOWERED, ours=answers.weaken)
answer

# %%
fair = faussaire.train(
    "mnist",
    **answer.use(OVERPOWERED),
    kimg=40,  # quick: 0.6
    run="runs/strong-D-mended",
)
check.verdict(fair, "D far ahead")

# %%
draw.curves(reports(fair), unit="kimg")

# %% [markdown]
# [en]
# ## Fifty images by heart
#
# With fifty images `D` soon knows every one of them. All that it calls real is these fifty; so `G` ends by making these fifty.
# [fr]
# ## Cinquante images par cœur
#
# Avec cinquante images, `D` les connaît bientôt toutes. Il n'appelle réelles que ces cinquante-là ; alors `G` finit par faire ces
# cinquante-là.

# %%
sevens = faussaire.prepare("mnist", classes=["7"])
fifty, others = sevens.images[:50], sevens.images[50:650]
np.savez("fifty.npz", images=fifty)
heart = faussaire.train(
    "fifty.npz",
    augment=[],
    kimg=40,  # quick: 0.3
    width=8,
    run="runs/by-heart",
)
print(check.in_words(heart))
fakes = heart.generator().sample(10)
places = answers.nearest(torch.from_numpy(fakes).float(), torch.from_numpy(fifty.transpose(0, 2, 3, 1)).float())
draw.rows({"[[fake | contrefaçons]]": fakes, "[[nearest | proche]]": fifty.transpose(0, 2, 3, 1)[places.numpy()]})

# %% [markdown]
# [en]
# A run of so few images says so itself. Is it copying? The test compares how near 200 fakes are to the fifty with how near other real sevens are to them. `p` is how
# often an honest generator would look this guilty.
# [fr]
# Un entraînement sur si peu d'images le dit lui-même. Est-ce de la copie ? Le test compare à quel point 200 contrefaçons sont proches des cinquante, et à quel point d'autres sept réels le
# sont. `p` dit combien souvent un générateur honnête aurait l'air aussi coupable.

# %%
from faussaire.evaluation.memorisation import memorisation


def tried(run, trained_on, others):
    """[[The test for copies, on pixels. | Le test de copie, sur les pixels.]]"""
    fakes = run.generator().sample(200, seed=1).transpose(0, 3, 1, 2)
    parts = [torch.from_numpy(np.ascontiguousarray(part)).flatten(1).double() for part in (trained_on, others, fakes)]
    found = memorisation(*parts)
    print(f"{check.numbers.p_value(found.p_value)}:", "[[a copier | un copieur]]" if found.is_copier else "[[no sign of copying | aucun signe de copie]]")


tried(heart, fifty, others[:300])

# %% [markdown]
# [en]
# ### Mend it
#
# More images, or less time, or an **augmentation** of what `D` sees: shifted and cut, fifty images are many. Which helps most? Here are more images.
# [fr]
# ### Réparez-le
#
# Plus d'images, ou moins de temps, ou une **augmentation** de ce que `D` voit : décalées et coupées, cinquante images en font beaucoup.
# Qu'est-ce qui aide le plus ? Voici plus d'images.

# %%
honest = faussaire.train(
    "mnist",
    classes=["7"],
    kimg=40,  # quick: 0.3
    width=8,
    run="runs/all-sevens",
)
known = honest.generator()
tried(honest, sevens.images[:], sevens.held_out[:])
sheet(known.sample(20), columns=10)

# %% [markdown]
# [en]
# ## To try
#
# - Keep the fifty images and leave `augment=[]` out: which `p` do you get?
# - Of `mend_collapse`, leave out one change after another. Which one mends it alone?
# - A run that says nothing bad may still be poor: read the verdict, *and* look at the samples.
#
# **Next:** [8 · Sound, music, text](08-sound-music-text.ipynb).
# [fr]
# ## À essayer
#
# - Gardez les cinquante images et enlevez `augment=[]` : quel `p` obtenez-vous ?
# - Dans `mend_collapse`, enlevez un changement après l'autre. Lequel répare à lui seul ?
# - Un entraînement qui ne dit rien de mal peut être médiocre quand même : lisez le verdict, *et* regardez les échantillons.
#
# **La suite :** [8 · Le son, la musique, le texte](08-sound-music-text.ipynb).

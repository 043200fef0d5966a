# %% [markdown]
# [en]
# # 6 · Your own images
#
# At 28×28 first, because that is quick and tells whether it works at all; then at 64×64. You look at what is in your folder, strip the
# labels, train, have the result judged, and look for copies.
# [fr]
# # 6 · Vos propres images
#
# En 28×28 d'abord, car c'est rapide et dit si cela marche ; puis en 64×64. Vous regardez ce que contient votre dossier, ôtez les
# étiquettes, entraînez, faites juger le résultat, et cherchez des copies.

# %%
import sys

sys.path.insert(0, "..")

import faussaire
import flowers
import numpy as np
import torch
from checks import Checks
from pictures import Pictures, opened, sheet

check, draw = Checks("[[en | fr]]"), Pictures("[[en | fr]]")
DATA = flowers.plant(
    "my-images",
    1200,  # quick: 240
)  # [[or the path of your own folder | ou le chemin de votre propre dossier]]
print(DATA, "·", ", ".join(sorted(path.name for path in DATA.iterdir())))

# %% [markdown]
# [en]
# `DATA` may be a folder (with folders in it), a `.zip`, a `.npz`, a table of pixels, a list of files, or `hf:NAME` of a data
# set of the Hugging Face hub, such as `hf:huggan/smithsonian_butterflies_subset` (needs `pip install '.[hf]'` and a network).
# Use images that you may use: your own, or ones with an open licence.
#
# ## What is in it?
#
# The same as `faussaire inspect my-images` in a terminal. What cannot be used is left out, and never stops a run.
# [fr]
# `DATA` peut être un dossier (avec des sous-dossiers), un `.zip`, un `.npz`, une table de pixels, une liste de fichiers, ou
# `hf:NOM` d'un jeu du hub de Hugging Face, comme `hf:huggan/smithsonian_butterflies_subset` (demande `pip install '.[hf]'` et un
# réseau). Prenez des images que vous avez le droit d'utiliser : les vôtres, ou d'autres sous licence libre.
#
# ## Qu'y a-t-il dedans ?
#
# La même chose que `faussaire inspect my-images` dans un terminal. Ce qui est inutilisable est écarté, et n'arrête jamais un entraînement.

# %%
data = faussaire.prepare(DATA, resolution=28)
print(f"{len(data.images)} [[images to learn from | images pour apprendre]], {len(data.held_out)} [[held out | mises de côté]], {data.spec.shape}")
print("[[classes | classes]]:", data.inventory.class_counts)
for record in data.inventory.rejected:
    print("[[left out | écarté]]:", record.name, "–", check.said(record.note))
for note in data.inventory.notes:
    print("·", check.said(note))

# %%
sheet(data.images[:20].transpose(0, 2, 3, 1), columns=10)

# %% [markdown]
# [en]
# ## Labels stripped
#
# The folders `daisies` and `roses` are labels. A plain training ignores them: it is given this and nothing else.
# [fr]
# ## Sans les étiquettes
#
# Les dossiers `daisies` (marguerites) et `roses` sont des étiquettes. Un entraînement ordinaire les ignore : il reçoit ceci et rien d'autre.

# %%
stripped = data.images[:]
print(type(stripped).__name__, stripped.dtype, stripped.shape)

# %%
small = faussaire.train(
    DATA,
    resolution=28,
    kimg=25,  # quick: 0.3
    width=8,
    run="runs/my-images-28",
)
sheet(small.generator().sample(20), columns=10)

# %%
opened(small.path / "noise.png")

# %% [markdown]
# [en]
# ## Judged
#
# Samples are measured against images that were held out of training: the **Fréchet distance** is 0 if both are drawn alike,
# **precision** is the share of samples that lie among the reals, **recall** that of reals among the samples. Every figure has its
# interval; of few images it is wide. (Here on simple features of pixels, which takes seconds; `faussaire.evaluate(run)` takes the
# features of a network for images, some minutes; in a terminal, `faussaire evaluate` also writes a page.)
# [fr]
# ## Jugé
#
# Les échantillons sont mesurés contre des images mises de côté avant l'entraînement : la **distance de Fréchet** est nulle si les deux sont
# tirés de la même loi, la **précision** est la part des échantillons qui se trouvent parmi les images réelles, le **rappel** celle des
# images réelles parmi les échantillons. Chaque mesure a son intervalle ; avec peu d'images il est large. (Ici sur de simples
# caractéristiques de pixels, en quelques secondes ; `faussaire.evaluate(run)` prend celles d'un réseau fait pour les images, quelques
# minutes ; dans un terminal, `faussaire evaluate` écrit aussi une page.)

# %%
judged = faussaire.evaluate(small.path, protocols=["fd2000-pixels-dct", "pr2000-pixels-dct"])
judged

# %% [markdown]
# [en]
# ## Looking for copies
#
# A generator that repeats its training images has learnt nothing. For each fake, find the nearest training image: return its place
# in `reals`.
#
# <details><summary>Hint 1</summary>
#
# `torch.cdist(a, b)` gives all distances between rows of `a` and of `b`; images become rows by `.flatten(1)`.
# </details>
# <details><summary>Hint 2</summary>
#
# `.argmin(1)` is the place of the smallest number of each row.
# </details>
# [fr]
# ## À la recherche de copies
#
# Un générateur qui répète ses images d'entraînement n'a rien appris. Pour chaque contrefaçon, trouvez l'image d'entraînement la
# plus proche : renvoyez sa place dans `reals`.
#
# <details><summary>Indice 1</summary>
#
# `torch.cdist(a, b)` donne toutes les distances entre les lignes de `a` et celles de `b` ; `.flatten(1)` fait d'une image une ligne.
# </details>
# <details><summary>Indice 2</summary>
#
# `.argmin(1)` est la place du plus petit nombre de chaque ligne.
# </details>

# %%
def nearest(fakes, reals):
    # START: [[one line | une ligne]]
    return torch.cdist(fakes.flatten(1), reals.flatten(1)).argmin(1)
    # END


answer = check.nearest(nearest)
answer

# %%
fakes = small.generator().sample(10, seed=1)
places = answer.use(torch.from_numpy(fakes).float(), torch.from_numpy(data.images[:].transpose(0, 2, 3, 1)).float())
twins = data.images[:].transpose(0, 2, 3, 1)[places.numpy()]
draw.rows({"[[fake | contrefaçons]]": fakes, "[[nearest | proche]]": twins})

# %% [markdown]
# [en]
# Near is not yet a copy: real images have near neighbours, too. So the test compares two things: how near fakes are to the training
# images, and how near held-out real images are to them. It needs at least 100 held-out images.
# [fr]
# Proche n'est pas encore copié : des images réelles ont aussi de proches voisines. Le test compare donc deux choses : à quel point les
# contrefaçons sont proches de celles d'entraînement, et à quel point des images réelles mises de côté le sont. Il demande au moins 100
# images mises de côté.

# %%
if judged.copies is None:
    print("[[too few images were held out for the test | trop peu d'images mises de côté pour le test]]")
else:
    print(f"{check.numbers.p_value(judged.copies.p_value)}:", "[[a copier | un copieur]]" if judged.copies.is_copier else "[[no sign of copying | aucun signe de copie]]")

# %% [markdown]
# [en]
# ## At 64×64
#
# Four or five times the pixels take as many times the work, and there is more to learn. In a minute you see where it goes; an hour
# makes it good: `minutes=60`.
# [fr]
# ## En 64×64
#
# Quatre à cinq fois plus de pixels demandent autant de fois plus de travail, et il y a plus à apprendre. En une minute on voit où cela
# va ; une heure le rend bon : `minutes=60`.

# %%
large = faussaire.train(
    DATA,
    resolution=64,
    kimg=6,  # quick: 0.2
    width=8,
    batch_size=16,
    run="runs/my-images-64",
)
sheet(large.generator().sample(18), columns=9)

# %% [markdown]
# [en]
# ## Take it with you
#
# One HTML file that makes new images in any browser, offline:
# [fr]
# ## L'emporter
#
# Un seul fichier HTML qui fait de nouvelles images dans tout navigateur, sans réseau :

# %%
print("faussaire export runs/my-images-64 --to page")

# %% [markdown]
# [en]
# ## To try
#
# - Your own folder in place of the flowers. From some hundred images on it works; below a thousand, expect little variety.
# - `conditional=True`: daisies and roses under their names.
#
# **Next:** [7 · When it goes wrong](07-when-it-goes-wrong.ipynb).
# [fr]
# ## À essayer
#
# - Votre propre dossier à la place des fleurs. À partir de quelques centaines d'images cela marche ; en dessous de mille, attendez-vous à peu de variété.
# - `conditional=True` : marguerites et roses sous leur nom.
#
# **La suite :** [7 · Quand cela tourne mal](07-when-it-goes-wrong.ipynb).

# %% [markdown]
# [en]
# # 4 · My lucky number
#
# A generator of all digits must learn ten shapes. One that learns a single digit has it easier: it gets good sooner, and the
# latent only says *how* the digit is written. Choose yours.
# [fr]
# # 4 · Mon chiffre porte-bonheur
#
# Un générateur de tous les chiffres doit apprendre dix formes. Celui qui n'en apprend qu'un a la tâche plus facile : il devient bon plus
# tôt, et le latent ne dit plus que *comment* le chiffre est écrit. Choisissez le vôtre.

# %%
import sys

sys.path.insert(0, "..")

import faussaire
import numpy as np
import torch
from checks import Checks
from pictures import Pictures, film, reports, sheet

check, draw = Checks("[[en | fr]]"), Pictures("[[en | fr]]")
LUCKY = "7"
data = faussaire.prepare("mnist")
print(", ".join(f"{name}: {count}" for name, count in data.inventory.class_counts.items()))

# %% [markdown]
# [en]
# ## One class alone
#
# Return those of the images whose label is `wanted`.
#
# <details><summary>Hint</summary>
#
# An array of True and False chooses: `images[labels == wanted]`.
# </details>
# [fr]
# ## Une seule classe
#
# Renvoyez celles des images dont l'étiquette est `wanted`.
#
# <details><summary>Indice</summary>
#
# Un tableau de True et de False choisit : `images[labels == wanted]`.
# </details>

# %%
def only(images, labels, wanted):
    # START: [[one line | une ligne]]
    return images[labels == wanted]
    # END


answer = check.only(only)
answer

# %%
chosen = answer.use(data.images[:], np.array(data.labels), data.spec.classes.index(LUCKY))
print(f"{len(chosen)} × {LUCKY}")
sheet(chosen[:20].transpose(0, 2, 3, 1), columns=10)

# %% [markdown]
# [en]
# ## Train on it
#
# `classes` does the same for a training. Half a minute.
# [fr]
# ## S'entraîner dessus
#
# `classes` fait la même chose pour un entraînement. Une demi-minute.

# %%
run = faussaire.train(
    "mnist",
    classes=[LUCKY],
    kimg=35,  # quick: 0.3
    width=8,
    run=f"runs/lucky-{LUCKY}",
)
sheet(run.generator().sample(40, seed=0), columns=10)

# %% [markdown]
# [en]
# The same latents along the run, as a film:
# [fr]
# Les mêmes latents au fil de l'entraînement, en film :

# %%
from PIL import Image, ImageSequence

with Image.open(run.path / "progress.gif") as progress:
    frames = [frame.convert("RGB").crop((0, 0, 236, 236)) for frame in ImageSequence.Iterator(progress)]
film(frames[:: max(1, len(frames) // 16)], milliseconds=250)

# %% [markdown]
# [en]
# ## From one seven to another
#
# Two latents are two places. Return `n` latents on the straight way from `a` to `b`, both ends included.
#
# <details><summary>Hint</summary>
#
# With `t` from 0 to 1 in n steps: `a + t * (b - a)`. `torch.linspace(0, 1, n)[:, None]` gives the t as a column.
# </details>
# [fr]
# ## D'un sept à un autre
#
# Deux latents sont deux endroits. Renvoyez `n` latents sur le chemin tout droit de `a` à `b`, les deux bouts compris.
#
# <details><summary>Indice</summary>
#
# Avec `t` de 0 à 1 en n pas : `a + t * (b - a)`. `torch.linspace(0, 1, n)[:, None]` donne les t en colonne.
# </details>

# %%
def between(a, b, n):
    # START: [[two lines | deux lignes]]
    t = torch.linspace(0, 1, n)[:, None]
    return a + t * (b - a)
    # END


answer_2 = check.between(between)
answer_2

# %%
generator = run.generator()
random = torch.Generator().manual_seed(1)
ends = torch.randn(5, generator.z_dim, generator=random)
rows = {}
for number in range(4):
    made = generator(answer_2.use(ends[number], ends[number + 1], 10))
    rows[f"{number + 1} → {number + 2}"] = generator.modality.to_array(made)
draw.rows(rows)

# %% [markdown]
# [en]
# No step of the way is a cross-fade of two pictures: each is a seven of its own. `G` has learnt how sevens vary.
# [fr]
# Aucun pas du chemin n'est un fondu de deux images : chacun est un sept à part entière. `G` a appris comment les sept varient.

# %%
draw.curves(reports(run), unit="kimg")

# %% [markdown]
# [en]
# ## To try
#
# - Another `LUCKY`. Which digit is easiest, which is hardest?
# - Two classes: `classes=["3", "8"]`, and a way from a 3 to an 8. What lies between?
#
# **Next:** [5 · Fashion](05-fashion-mnist.ipynb).
# [fr]
# ## À essayer
#
# - Un autre `LUCKY`. Quel chiffre est le plus facile, lequel le plus dur ?
# - Deux classes : `classes=["3", "8"]`, et un chemin d'un 3 à un 8. Qu'y a-t-il entre les deux ?
#
# **La suite :** [5 · La mode](05-fashion-mnist.ipynb).

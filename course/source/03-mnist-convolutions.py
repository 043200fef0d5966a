# %% [markdown]
# [en]
# # 3 · Digits, by convolutions, and what a GPU changes
#
# A dense layer treats a pixel in the corner and one in the middle as strangers. A **convolution** looks at neighbours, with the
# same few weights everywhere. `D` goes down: 28 → 14 → 7 pixels, with more channels each time. `G` goes up: 7 → 14 → 28, by **transposed
# convolutions**.
# [fr]
# # 3 · Des chiffres, par des convolutions, et ce que change une carte graphique
#
# Pour une couche dense, un pixel du coin et un pixel du milieu sont des étrangers. Une **convolution** regarde les voisins, avec
# les mêmes quelques poids partout. `D` descend : 28 → 14 → 7 pixels, avec chaque fois plus de canaux. `G` monte : 7 → 14 → 28, par
# des **convolutions transposées**.

# %%
import sys

sys.path.insert(0, "..")

import faussaire
import torch
from answers import step_1, step_2  # [[the two steps that you wrote in notebook 1 | les deux étapes que vous avez écrites dans le carnet 1]]
from checks import Checks
from pictures import Pictures, latent_sheet, progress, reports, sheet
from torch import nn

check, draw = Checks("[[en | fr]]"), Pictures("[[en | fr]]")
random = torch.Generator().manual_seed(0)
torch.manual_seed(0)
data = faussaire.prepare("mnist", resolution=28)
real = torch.from_numpy(data.images[:]).float() / 127.5 - 1
print(f"{len(real):,} images {tuple(real.shape[1:])}")

# %% [markdown]
# [en]
# ## A generator that goes up
#
# Fill in the end of `G`: from 32 channels of 14×14 to one channel of 28×28, with values between -1 and 1. A transposed convolution
# with stride 2 doubles the side if kernel and padding fit: side = (14 - 1) · 2 - 2 · padding + kernel.
#
# <details><summary>Hint 1</summary>
#
# 26 - 2 · padding + kernel shall be 28: kernel 4 and padding 1 do it, as in the layer before.
# </details>
# <details><summary>Hint 2</summary>
#
# `nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Tanh()`
# </details>
# [fr]
# ## Un générateur qui monte
#
# Complétez la fin de `G` : de 32 canaux de 14×14 à un canal de 28×28, avec des valeurs entre -1 et 1. Une convolution transposée
# de pas 2 double le côté si noyau et bordure s'accordent : côté = (14 - 1) · 2 - 2 · bordure + noyau.
#
# <details><summary>Indice 1</summary>
#
# 26 - 2 · bordure + noyau doit faire 28 : noyau 4 et bordure (`padding`) 1, comme dans la couche précédente.
# </details>
# <details><summary>Indice 2</summary>
#
# `nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Tanh()`
# </details>

# %%
def new_generator():
    below = [nn.Linear(100, 64 * 7 * 7), nn.Unflatten(1, (64, 7, 7)), nn.BatchNorm2d(64), nn.ReLU()]
    middle = [nn.ConvTranspose2d(64, 32, 4, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU()]
    # START: [[one line | une ligne]]
    return nn.Sequential(*below, *middle, nn.ConvTranspose2d(32, 1, 4, stride=2, padding=1), nn.Tanh())
    # END


answer = check.generator(new_generator, shape=(1, 28, 28))
answer

# %%
G = answer.use()
D = nn.Sequential(
    nn.Conv2d(1, 32, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
    nn.Conv2d(32, 64, 4, stride=2, padding=1), nn.LeakyReLU(0.2),
    nn.Flatten(), nn.Linear(64 * 7 * 7, 1),
)
opt_G = torch.optim.Adam(G.parameters(), lr=2e-3, betas=(0.5, 0.9))
opt_D = torch.optim.Adam(D.parameters(), lr=5e-4, betas=(0.5, 0.9))


def noise(n):
    return torch.randn(n, 100, generator=random)


def pixels(fake):
    return ((fake.detach() + 1) * 127.5).round().byte().permute(0, 2, 3, 1).numpy()


x = real[:1]
for layer in D:
    x = layer(x)
    print(f"{type(layer).__name__:12} → {tuple(x.shape[1:])}")

# %% [markdown]
# [en]
# ## The training
#
# The two steps of notebook 1 do not care what a sample is: not a letter of them changes.
# [fr]
# ## L'entraînement
#
# Les deux étapes du carnet 1 se moquent de ce qu'est une donnée : pas une lettre n'en change.

# %%
ROUNDS = 280  # quick: 8
shown = noise(64)
stages = {"[[before | avant]]": pixels(G(shown))[:10]}
for number in progress(range(1, ROUNDS + 1), total=ROUNDS, words="[[rounds | tours]]"):
    batch = real[torch.randint(len(real), (64,), generator=random)]
    step_1(G, D, opt_D, batch, noise(64))
    step_2(G, D, opt_G, noise(64))
    if number % (ROUNDS // 4) == 0:
        stages[f"[[round | tour]] {number}"] = pixels(G(shown))[:10]

draw.rows(stages)

# %%
latent_sheet(shown[:12], pixels(G(shown))[:12])

# %% [markdown]
# [en]
# ## What a GPU changes
#
# Nothing in the game, and nothing in what you wrote. Convolutions are many multiplications that do not wait for one another; a
# processor makes some dozens at a time, a graphics card thousands. Here is how many images a second three pairs of networks
# learn from **on this machine**, and how long 30 epochs of all 60,000 digits would take at that speed. Where torch finds a GPU, its row is there, too.
# [fr]
# ## Ce que change une carte graphique
#
# Rien au jeu, et rien à ce que vous avez écrit. Les convolutions sont beaucoup de multiplications qui ne s'attendent pas les unes
# les autres ; un processeur en fait quelques dizaines à la fois, une carte graphique des milliers. Voici combien d'images par seconde
# trois paires de réseaux apprennent **sur cette machine**, et combien de temps prendraient à cette allure 30 époques des 60 000
# chiffres. Là où torch trouve une carte graphique, sa ligne y est aussi.

# %%
from faussaire import Config
from faussaire.training.probing import speed

NETWORKS = {
    "dense": "[[dense, notebook 2 | denses, carnet 2]]",
    "conv": "[[the chapter's convolutions | les convolutions du chapitre]]",
    "lean": "[[lean, made for processors | lean, faits pour des processeurs]]",
}
devices = [torch.device("cpu")] + ([torch.device("cuda")] if torch.cuda.is_available() else [])
for device in devices:
    for name, words in NETWORKS.items():
        settings = Config(data=("mnist",), architecture=name, width=8, batch_size=100, kimg=1.0, minutes=None)
        found = speed(settings, data.spec, torch.get_num_threads(), device=device)
        print(f"{device.type:5} {words:36} {found:7,.0f} images/s   {60_000 * 30 / found / 3600:6.1f} h")
if len(devices) == 1:
    print("[[torch finds no GPU here. | torch ne trouve pas de carte graphique ici.]]")

# %% [markdown]
# [en]
# On a GPU the same line of `faussaire` says `device="cuda"`, or nothing: it takes a GPU that torch can use, and says so. Without
# one, `lean` is the default for images: few wide layers, few multiplications. So many digits as below take a laptop half a minute.
# This is how the chapter's own convolutions look after 5 epochs of 45,000 digits, many minutes of a processor:
#
# ![Digits of the chapter's convolutional pair](../../docs/pictures/chapter-conv.png)
# [fr]
# Sur une carte graphique, la même ligne de `faussaire` dit `device="cuda"`, ou rien : il prend la carte dont torch peut se servir, et
# le dit. Sans carte, `lean` est le choix par défaut pour des images : peu de couches larges, peu de multiplications. Les chiffres
# ci-dessous prennent une demi-minute à un ordinateur portable. Et voici les convolutions du chapitre après 5 époques de 45 000
# chiffres, bien des minutes d'un processeur :
#
# ![Chiffres de la paire à convolutions du chapitre](../../docs/pictures/chapter-conv.png)

# %%
run = faussaire.train(
    "mnist",
    kimg=30,  # quick: 0.3
    width=8,
    run="runs/lean",
)
sheet(run.generator().sample(40), columns=10)

# %%
draw.curves(reports(run), unit="kimg")

# %% [markdown]
# [en]
# ## To try
#
# - Half and double the channels of `G` and `D`: what happens to the images a second, and to the digits?
# - `lr` of `G` and `D` the same: who wins?
#
# **Next:** [4 · My lucky number](04-my-lucky-number.ipynb).
# [fr]
# ## À essayer
#
# - La moitié et le double des canaux de `G` et `D` : que deviennent les images par seconde, et les chiffres ?
# - Le même `lr` pour `G` et `D` : qui gagne ?
#
# **La suite :** [4 · Mon chiffre porte-bonheur](04-my-lucky-number.ipynb).

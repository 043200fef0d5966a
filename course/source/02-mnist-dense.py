# %% [markdown]
# [en]
# # 2 · Digits, by dense layers
#
# The same game as in [notebook 1](01-what-is-a-gan.ipynb), with pictures of digits in place of points. The networks are those of
# the chapter: dense layers, a latent of 100 numbers, LeakyReLU, batch normalisation, dropout, a sigmoid at the end of `D`, binary
# cross-entropy, Adam, batches of 100. First you write it out in torch; then one line of `faussaire` does the same.
# [fr]
# # 2 · Des chiffres, par des couches denses
#
# Le même jeu que dans le [carnet 1](01-what-is-a-gan.ipynb), avec des images de chiffres à la place des points. Les réseaux sont
# ceux du chapitre : couches denses, latent de 100 nombres, LeakyReLU, normalisation par lots, dropout, sigmoïde à la fin de
# `D`, entropie croisée binaire, Adam, lots de 100. Vous l'écrivez d'abord en torch ; ensuite une ligne de `faussaire` fait la même chose.

# %%
import sys

sys.path.insert(0, "..")

import faussaire
import torch
from checks import Checks
from pictures import Pictures, latent_sheet, opened, progress, reports, sheet
from torch import nn

check, draw = Checks("[[en | fr]]"), Pictures("[[en | fr]]")
random = torch.Generator().manual_seed(0)
torch.manual_seed(0)
print("faussaire", faussaire.__version__, "· torch", torch.__version__)

# %% [markdown]
# [en]
# ## The data
#
# `faussaire.prepare` finds and reads a data set. Images are bytes from 0 to 255; the networks want numbers from -1 to 1, because
# `G` ends in a tanh.
# [fr]
# ## Les données
#
# `faussaire.prepare` trouve et lit un jeu de données. Les images sont des octets de 0 à 255 ; les réseaux veulent des nombres de
# -1 à 1, car `G` se termine par une tangente hyperbolique.

# %%
data = faussaire.prepare("mnist", resolution=28)
real = torch.from_numpy(data.images[:]).float() / 127.5 - 1
print(f"{len(real):,} images, {tuple(real.shape[1:])}, [[from | de]] {real.min():.0f} [[to | à]] {real.max():.0f}")
sheet(data.images[:40].transpose(0, 2, 3, 1), columns=10)

# %% [markdown]
# [en]
# ## The networks of the chapter
# [fr]
# ## Les réseaux du chapitre

# %%
def hidden(before, after):
    return nn.Linear(before, after), nn.LeakyReLU(0.2), nn.BatchNorm1d(after, momentum=0.2)


def judging(before, after):
    return nn.Linear(before, after), nn.LeakyReLU(0.2), nn.Dropout(0.5)


G = nn.Sequential(*hidden(100, 512), *hidden(512, 256), *hidden(256, 128), nn.Linear(128, 784), nn.Tanh())
D = nn.Sequential(*judging(784, 256), *judging(256, 128), *judging(128, 64), nn.Linear(64, 1), nn.Sigmoid())
opt_G = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_D = torch.optim.Adam(D.parameters(), lr=2e-4, betas=(0.5, 0.999))  # [[slower, so that G can follow | plus lent, pour que G puisse suivre]]


def noise(n):
    return torch.randn(n, 100, generator=random)


def pixels(fake):
    return ((fake.detach().view(-1, 28, 28, 1) + 1) * 127.5).round().byte().numpy()


shown = noise(100)  # [[the same latents all along | les mêmes latents tout du long]]
print(f"G: {sum(p.numel() for p in G.parameters()):,} [[parameters | paramètres]] · D: {sum(p.numel() for p in D.parameters()):,}")
sheet(pixels(G(shown))[:10], columns=10)

# %% [markdown]
# [en]
# ## Steps 1 and 2
#
# As in notebook 1, but this `D` ends in a sigmoid: it gives a **probability**, not a logit. So `bce` takes probabilities.
#
# <details><summary>Hint for step 1</summary>
#
# Fakes, detached. Real: label 1. Fake: label 0. `descend(opt_D, loss)`.
# </details>
# <details><summary>Hint for step 2</summary>
#
# Freeze `D`. Fakes, not detached, label 1. `descend(opt_G, loss)`.
# </details>
# [fr]
# ## Les étapes 1 et 2
#
# Comme dans le carnet 1, mais ce `D` se termine par une sigmoïde : il donne une **probabilité**, pas un logit. `bce` prend donc
# des probabilités.
#
# <details><summary>Indice pour l'étape 1</summary>
#
# Des contrefaçons, détachées. Réelles : étiquette 1. Contrefaçons : étiquette 0. `descend(opt_D, loss)`.
# </details>
# <details><summary>Indice pour l'étape 2</summary>
#
# Figer `D`. Des contrefaçons, non détachées, étiquette 1. `descend(opt_G, loss)`.
# </details>

# %%
from torch.nn.functional import binary_cross_entropy


def bce(probabilities, label):
    return binary_cross_entropy(probabilities, torch.full_like(probabilities, label))


def descend(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def step_1(G, D, opt_D, real, z):
    loss = None
    # START: [[three lines | trois lignes]]
    fake = G(z).detach()
    loss = bce(D(real), 1.0) + bce(D(fake), 0.0)
    descend(opt_D, loss)
    # END
    return loss


answer_1 = check.step_1(step_1, sigmoid=True)
answer_1

# %%
def step_2(G, D, opt_G, z):
    loss = None
    # START: [[three lines | trois lignes]]
    D.requires_grad_(False)
    loss = bce(D(G(z)), 1.0)
    descend(opt_G, loss)
    # END
    D.requires_grad_(True)
    return loss


answer_2 = check.step_2(step_2, sigmoid=True)
answer_2

# %% [markdown]
# [en]
# ## The training
#
# An epoch shows every image once. Every ten epochs the same ten latents are pictured. It takes less than a minute on two cores.
# Dense layers have to learn of each pixel by itself, so the first digits come late, and with specks.
# [fr]
# ## L'entraînement
#
# Une époque montre chaque image une fois. Toutes les dix époques, les dix mêmes latents sont dessinés. Cela prend moins d'une minute
# sur deux cœurs. Des couches denses doivent apprendre chaque pixel pour lui-même ; les premiers chiffres viennent donc tard, et tachetés.

# %%
EPOCHS = 30  # quick: 4
history, stages = [], {"[[before | avant]]": pixels(G(shown))[:10]}
for epoch in progress(range(1, EPOCHS + 1), total=EPOCHS, words="[[epochs | époques]]"):
    told = []
    order = torch.randperm(len(real), generator=random).split(100)
    order = order[:90]  # quick: 3
    for number, chosen in enumerate(order):
        batch = real[chosen].flatten(1)
        loss_D = answer_1.use(G, D, opt_D, batch, noise(len(batch)))
        loss_G = answer_2.use(G, D, opt_G, noise(100))
        if number % 10:
            continue  # [[a sample is enough for the curves | un échantillon suffit pour les courbes]]
        with torch.no_grad():
            right_real, right_fake = (D(batch) > 0.5).float().mean(), (D(G(noise(100))) < 0.5).float().mean()
        told.append(torch.stack([loss_D.detach(), loss_G.detach(), right_real, right_fake]))
    means = torch.stack(told).mean(0).tolist()
    history.append(dict(zip(("loss_D", "loss_G", "right_real", "right_fake"), means, strict=True), at=epoch))
    if epoch % 10 == 0 or epoch == EPOCHS:
        stages[f"[[epoch | époque]] {epoch}"] = pixels(G(shown))[:10]

draw.rows(stages)

# %% [markdown]
# [en]
# ## The noise, and what it became
#
# Each grey square is a latent: 100 numbers. Beside it is the digit that `G` makes of it.
# [fr]
# ## Le bruit, et ce qu'il est devenu
#
# Chaque carré gris est un latent : 100 nombres. À côté, le chiffre que `G` en fait.

# %%
latent_sheet(shown[:12], pixels(G(shown))[:12])

# %% [markdown]
# [en]
# ## Both losses, and D on its way to 50%
#
# With dropout `D` never is quite sure. Its accuracy starts near 100% and goes towards 50%, the more so the better `G` gets.
# [fr]
# ## Les deux pertes, et D en route vers 50 %
#
# Avec le dropout, `D` n'est jamais tout à fait sûr. Il a raison presque toujours, puis de moins en moins souvent, vers 50 %, à
# mesure que `G` progresse.

# %%
draw.curves(history, unit="epochs")

# %% [markdown]
# [en]
# ## The same by faussaire
#
# One line. The recipe `chapter-dense` holds networks, loss and batches as you have just written them, and Adam with one learning rate for both,
# 0.001, as in the chapter, whose 30 epochs of all of MNIST take some minutes ([their digits](../../docs/pictures/chapter-dense.png)). Here both get
# 0.0004; so that `G` can follow, it takes three steps for one of `D` (`g_steps`), and nine epochs, less than a minute, are enough for the
# first digits. `ema` shows an average of the last states of `G`, which has fewer specks than any of them.
#
# A run lies in a folder, and a folder holds one run: the same line again finds it finished; for another attempt, name another `run`.
# [fr]
# ## La même chose avec faussaire
#
# Une ligne. La recette `chapter-dense` contient les réseaux, la perte et les lots que vous venez d'écrire, et Adam avec un seul taux
# d'apprentissage pour les deux, 0,001, comme dans le chapitre, dont les 30 époques de MNIST entier prennent quelques minutes ([leurs
# chiffres](../../docs/pictures/chapter-dense.png)). Ici, les deux reçoivent 0,0004 ; pour que `G` puisse suivre, il fait trois pas pour
# un de `D` (`g_steps`), et neuf époques, moins d'une minute, suffisent aux premiers chiffres. `ema` montre une moyenne des derniers
# états de `G`, moins tachetée que chacun d'eux.
#
# Un entraînement est un dossier, et un dossier n'en contient qu'un : la même ligne le retrouve terminé ; pour un autre essai, donnez un
# autre `run`.

# %%
run = faussaire.train(
    "mnist",
    recipe="chapter-dense",
    lr=4e-4,
    beta1=0.5,
    g_steps=3,
    ema=0.02,
    epochs=9,  # quick: 0.1
    run="runs/dense",
)
run

# %%
draw.curves(reports(run), unit="kimg")

# %%
opened(run.path / "noise.png")

# %% [markdown]
# [en]
# The run says itself how it stands, in one line:
# [fr]
# L'entraînement dit lui-même où il en est, en une ligne :

# %%
print(check.in_words(run))

# %% [markdown]
# [en]
# ## To try
#
# - Another seed: are the digits others? Are they better?
# - `lr=1e-3` for `D`, too: what do the curves say? And those of the recipe as it is, without `lr`, `beta1`, `g_steps` and `ema`?
# - Without batch normalisation in `G`; without dropout in `D`. Which of them was needed?
# - Look at the last pictures: is every digit there? Ones are easy; are there more of them than in the data?
#
# **Next:** [3 · Digits, by convolutions](03-mnist-convolutions.ipynb).
# [fr]
# ## À essayer
#
# - Une autre graine (`seed`) : les chiffres sont-ils autres ? Meilleurs ?
# - `lr=1e-3` pour `D` aussi : que disent les courbes ? Et celles de la recette telle quelle, sans `lr`, `beta1`, `g_steps` ni `ema` ?
# - Sans normalisation par lots dans `G` ; sans dropout dans `D`. Laquelle des deux était nécessaire ?
# - Regardez les dernières images : tous les chiffres y sont-ils ? Les 1 sont faciles ; y en a-t-il plus que dans les données ?
#
# **La suite :** [3 · Des chiffres, par des convolutions](03-mnist-convolutions.ipynb).

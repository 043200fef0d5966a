# %% [markdown]
# [en]
# # 1 · What is a GAN?
#
# Two networks play against each other.
#
# - The **generator** `G` is a forger. It turns random numbers into data.
# - The **discriminator** `D` is an examiner. It sees real data and fakes, and says of each: REAL or FAKE.
#
# ```
#  real data ──sample──> real ─┐
#                              ├──> D ──> REAL / FAKE ──> loss of D ──> step 1: D learns, G stays as it is
#  noise z ──> G ──> fake ─────┘               └────────> loss of G ──> step 2: G learns, D stays as it is
#                                                                       step 3: do it again
# ```
#
# A network is a function with many adjustable numbers, its **parameters**. It **learns** by changing each of them a little so that
# a number called **loss**, which says how wrong its answer was, becomes smaller. `D` and `G` have a loss each.
#
# Nobody tells the forger what real data look like. All that it knows comes through the examiner. As the forger gets
# better, the examiner is right less often; who can only guess is right half of the time. That is the **50% rule**.
#
# In this notebook a piece of data is a point of the plane, so that you can see everything: the real points, the
# fakes, and what `D` thinks of every place. You write steps 1 and 2 yourself, three lines each.
#
# You need no knowledge of GANs; a little Python is enough, and that a *gradient* says in which direction a number grows.
# Run the cells from top to bottom by Shift + Enter. It takes about half an hour.
# [fr]
# # 1 · Qu'est-ce qu'un GAN ?
#
# Deux réseaux jouent l'un contre l'autre.
#
# - Le **générateur** `G` est un faussaire. Il transforme des nombres tirés au hasard en données.
# - Le **discriminateur** `D` est un expert. Il voit des données réelles et des contrefaçons, et dit de chacune : REAL (réelle)
#   ou FAKE (fausse).
#
# ```
#  données réelles ─tirage──> real ─┐
#                                   ├──> D ──> REAL / FAKE ──> perte de D ──> étape 1 : D apprend, G ne change pas
#  bruit z ──> G ──> fake ──────────┘               └────────> perte de G ──> étape 2 : G apprend, D ne change pas
#                                                                             étape 3 : on recommence
# ```
#
# Un réseau est une fonction avec beaucoup de nombres réglables, ses **paramètres**. Il **apprend** en changeant un peu chacun d'eux
# pour qu'un nombre appelé **perte** (*loss*), qui dit à quel point sa réponse était fausse, devienne plus petit. `D` et `G` ont
# chacun une perte.
#
# Personne ne dit au faussaire à quoi ressemblent les données réelles. Tout ce qu'il en sait lui vient de l'expert. Plus
# le faussaire progresse, moins l'expert a raison ; et qui ne peut que deviner a raison une fois sur deux. C'est la
# **règle des 50 %**.
#
# Dans ce carnet, une donnée est un point du plan, pour que l'on puisse tout voir : les points réels, les contrefaçons, et ce que
# `D` pense de chaque endroit. Vous écrirez vous-même les étapes 1 et 2, trois lignes chacune.
#
# Il n'est pas nécessaire de connaître les GAN ; un peu de Python suffit, et savoir qu'un *gradient* dit dans quelle direction un
# nombre grandit. Exécutez les cellules de haut en bas par Maj + Entrée. Comptez une demi-heure.

# %%
import sys

sys.path.insert(0, "..")  # [[where the checks and pictures of the course are | là où sont les vérifications et les dessins du cours]]

import torch
from checks import Checks
from pictures import Pictures, film, progress
from torch import nn

check, draw = Checks("[[en | fr]]"), Pictures("[[en | fr]]")
random = torch.Generator().manual_seed(0)
torch.manual_seed(0)
print("[[Everything is there: torch | Tout est là : torch]]", torch.__version__)

# %% [markdown]
# [en]
# ## The real data
#
# Eight heaps of points on a ring. `real_points(n)` draws `n` of them, each time others. You may draw your own data: write
# signs between the quotes in the cell after this one, and use `plane.drawing(text, n, random)` in place of `plane.ring`.
# [fr]
# ## Les données réelles
#
# Huit tas de points sur un anneau. `real_points(n)` en tire `n`, chaque fois d'autres. Vous pouvez dessiner vos propres
# données : écrivez des signes entre les guillemets de la cellule qui suit celle-ci, et remplacez `plane.ring` par
# `plane.drawing(text, n, random)`.

# %%
import plane


def real_points(n):
    return plane.ring(n, random)


draw.plane(real_points(500), torch.empty(0, 2), title="[[real data | données réelles]]")

# %%
text = """
 ##   ##
#### ####
#########
 #######
  #####
   ###
    #
"""
draw.plane(plane.drawing(text, 500, random), torch.empty(0, 2), title="[[a drawing is data, too | un dessin, ce sont aussi des données]]")

# %% [markdown]
# [en]
# ## The two networks
#
# `G` takes noise: a **latent** `z` of two numbers, drawn from the normal distribution. It gives back a point. `D` takes a
# point and gives back one number, the **logit**: above 0 it says REAL, below 0 FAKE. Before they have learnt anything, `G`
# puts its points somewhere near the middle, and `D` has no opinion.
#
# `Linear` mixes its inputs, each with a weight of its own; these weights are the parameters. `ReLU` sets what is negative to 0, without
# which the layers would be no more than one. `Adam` is the **optimizer**: it changes the parameters, by steps of the size `lr`.
#
# In the picture the background is what `D` thinks of a place: green REAL, red FAKE, and the paler, the less sure it is.
# [fr]
# ## Les deux réseaux
#
# `G` prend du bruit : un **latent** `z` de deux nombres, tirés selon la loi normale. Il rend un point. `D` prend un point et
# rend un nombre, le **logit** : au-dessus de 0 il dit REAL, en dessous FAKE. Tant qu'ils n'ont rien appris, `G` place ses
# points quelque part vers le milieu, et `D` n'a pas d'avis.
#
# `Linear` mélange ses entrées, chacune avec son poids ; ces poids sont les paramètres. `ReLU` remplace ce qui est négatif par 0 ; sans
# lui, toutes les couches n'en feraient qu'une. `Adam` est l'**optimiseur** : il change les paramètres, par pas de la taille `lr`.
#
# Dans l'image, le fond est ce que `D` pense d'un endroit : vert REAL, rouge FAKE, et plus c'est pâle, moins il est sûr de lui.

# %%
def new_networks(lr_G=1e-3, lr_D=1e-3):
    G = nn.Sequential(nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 2))
    D = nn.Sequential(nn.Linear(2, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 1))
    opt_G = torch.optim.Adam(G.parameters(), lr=lr_G, betas=(0.0, 0.9))
    opt_D = torch.optim.Adam(D.parameters(), lr=lr_D, betas=(0.0, 0.9))
    return G, D, opt_G, opt_D


def noise(n):
    return torch.randn(n, 2, generator=random)


G, D, opt_G, opt_D = new_networks()
draw.plane(real_points(300), G(noise(300)), D, title="[[before the first step | avant le premier pas]]")

# %% [markdown]
# [en]
# ## How wrong is an answer?
#
# The **binary cross-entropy** says it in a number. `D` gives a logit; the label says what would be right: 1 for REAL, 0 for
# FAKE. An answer that is sure and right costs nearly nothing, one without opinion log 2 = 0.69, one that is sure and wrong a
# lot. `descend` then takes one small step down the slope: it changes those parameters that its optimizer was given, and no others.
# [fr]
# ## À quel point une réponse est-elle fausse ?
#
# L'**entropie croisée binaire** le dit par un nombre. `D` donne un logit ; l'étiquette dit ce qui serait juste : 1 pour REAL,
# 0 pour FAKE. Une réponse sûre et juste ne coûte presque rien, une réponse sans avis log 2 = 0,69, une réponse sûre et fausse
# coûte cher. `descend` fait ensuite un petit pas vers le bas de la pente : il change les paramètres que son optimiseur a
# reçus, et aucun autre.

# %%
from torch.nn.functional import binary_cross_entropy_with_logits


def bce(logits, label):
    return binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def descend(optimizer, loss):
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


for logit in (4.0, 0.0, -4.0):
    print(f"logit {logit:+.0f}   [[label | étiquette]] 1: {bce(torch.tensor(logit), 1.0):.3f}   [[label | étiquette]] 0: {bce(torch.tensor(logit), 0.0):.3f}")

# %% [markdown]
# [en]
# ## Step 1: D learns, G stays as it is
#
# Fill in three lines:
#
# 1. make fakes of the noise `z` by `G`, **detached**: torch remembers how each number was computed, so as to find gradients; `.detach()`
#    has it forget that the fakes come from `G`, so that nothing that happens to them in this step reaches `G`;
# 2. the loss of `D`: its real points have label 1, its fakes label 0; add both;
# 3. one step of `D`.
#
# The check calls your function with a `G` that makes zeros and a `D` that returns its input. Then the right loss is known to
# the last digit.
#
# <details><summary>Hint 1</summary>
#
# `fake = G(z).detach()`
# </details>
# <details><summary>Hint 2</summary>
#
# `loss = bce(D(real), 1.0) + …`: what is the label of a fake, in the eyes of `D`?
# </details>
# <details><summary>Hint 3</summary>
#
# `descend(opt_D, loss)`
# </details>
# [fr]
# ## Étape 1 : D apprend, G ne change pas
#
# Complétez trois lignes :
#
# 1. faire des contrefaçons avec `G` à partir du bruit `z`, **détachés** : torch se souvient de la façon dont chaque nombre a été calculé,
#    pour trouver les gradients ; `.detach()` lui fait oublier que ces points viennent de `G`, et rien de ce qui leur arrive dans
#    cette étape n'atteint `G` ;
# 2. la perte de `D` : les points réels ont l'étiquette 1, les contrefaçons l'étiquette 0 ; additionnez les deux ;
# 3. un pas de `D`.
#
# La vérification appelle votre fonction avec un `G` qui ne fait que des zéros et un `D` qui renvoie son entrée. La perte juste
# est alors connue jusqu'au dernier chiffre.
#
# <details><summary>Indice 1</summary>
#
# `fake = G(z).detach()`
# </details>
# <details><summary>Indice 2</summary>
#
# `loss = bce(D(real), 1.0) + …` : quelle est l'étiquette d'une contrefaçon, aux yeux de `D` ?
# </details>
# <details><summary>Indice 3</summary>
#
# `descend(opt_D, loss)`
# </details>

# %%
def step_1(G, D, opt_D, real, z):
    loss = None
    # START: [[three lines | trois lignes]]
    fake = G(z).detach()
    loss = bce(D(real), 1.0) + bce(D(fake), 0.0)
    descend(opt_D, loss)
    # END
    return loss


answer_1 = check.step_1(step_1)
answer_1

# %% [markdown]
# [en]
# ## Step 2: G learns, D stays as it is
#
# Three lines again:
#
# 1. **freeze** `D`, so that no gradient is kept for its parameters: `D.requires_grad_(False)`;
# 2. the loss of `G`: it wants `D` to take its fakes for real. Which label do they get now? And are they detached?
# 3. one step of `G`.
#
# <details><summary>Hint 1</summary>
#
# `G` learns *through* `D`: the gradient goes from the loss through `D` to the fakes and on to `G`. So nothing is detached here.
# </details>
# <details><summary>Hint 2</summary>
#
# `loss = bce(D(G(z)), 1.0)`
# </details>
# [fr]
# ## Étape 2 : G apprend, D ne change pas
#
# De nouveau trois lignes :
#
# 1. **figer** `D`, pour qu'aucun gradient ne soit gardé pour ses paramètres : `D.requires_grad_(False)` ;
# 2. la perte de `G` : il veut que `D` prenne ses contrefaçons pour des points réels. Quelle étiquette reçoivent-elles maintenant ? Et sont-elles détachées ?
# 3. un pas de `G`.
#
# <details><summary>Indice 1</summary>
#
# `G` apprend *à travers* `D` : le gradient va de la perte, à travers `D`, jusqu'aux contrefaçons, et de là à `G`. Ici, on ne détache donc rien.
# </details>
# <details><summary>Indice 2</summary>
#
# `loss = bce(D(G(z)), 1.0)`
# </details>

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


answer_2 = check.step_2(step_2)
answer_2

# %% [markdown]
# [en]
# ## How often is D right?
#
# Return two numbers: the share of the real points that `D` calls REAL (logit above 0), and the share of the fakes that it calls
# FAKE (logit below 0).
#
# <details><summary>Hint</summary>
#
# `(D(real) > 0).float().mean().item()` is the first of them.
# </details>
# [fr]
# ## Combien de fois D a-t-il raison ?
#
# Renvoyez deux nombres : la part des points réels que `D` dit REAL (logit au-dessus de 0), et la part des contrefaçons qu'il dit FAKE
# (logit en dessous de 0).
#
# <details><summary>Indice</summary>
#
# `(D(real) > 0).float().mean().item()` est le premier des deux.
# </details>

# %%
def shares_right(D, real, fake):
    # START: [[two lines | deux lignes]]
    with torch.no_grad():
        return (D(real) > 0).float().mean().item(), (D(fake) < 0).float().mean().item()
    # END


answer_3 = check.shares_right(shares_right)
answer_3

# %% [markdown]
# [en]
# ## One round a click
#
# Each time that you run the second cell below (Ctrl + Enter) one round is played: step 1, step 2. The arrows show where `D` would
# have each fake go: that is all that `G` ever learns about the real data. In the first rounds the background is pale, as `D` knows
# nothing yet, and all arrows start from the same heap. Run it a few dozen times, and watch who moves when.
# [fr]
# ## Un tour par clic
#
# Chaque fois que vous exécutez la deuxième cellule ci-dessous (Ctrl + Entrée), un tour est joué : étape 1, étape 2. Les flèches
# montrent où `D` voudrait voir aller chaque contrefaçon : c'est tout ce que `G` apprend jamais des données réelles. Aux premiers
# tours le fond est pâle, car `D` ne sait encore rien, et toutes les flèches partent du même tas. Exécutez-la quelques dizaines de
# fois, et regardez qui bouge quand.

# %%
history = []


def play():
    real = real_points(256)
    loss_D = answer_1.use(G, D, opt_D, real, noise(256))
    loss_G = answer_2.use(G, D, opt_G, noise(256))
    right_real, right_fake = answer_3.use(D, real, G(noise(256)))
    history.append(
        {
            "at": len(history) + 1,
            "loss_D": loss_D.item(),
            "loss_G": loss_G.item(),
            "right_real": right_real,
            "right_fake": right_fake,
        }
    )


def picture(**options):
    return draw.plane(real_points(300), G(noise(300)), D, **options)


print("[[ready: run the next cell again and again | prêt : exécutez la cellule suivante encore et encore]]")

# %%
play()
picture(arrows=True, title=f"[[round | tour]] {len(history)}")

# %% [markdown]
# [en]
# ## A thousand rounds
#
# Some seconds. `moments` keeps what the game looked like on the way.
# [fr]
# ## Mille tours
#
# Quelques secondes. `moments` garde ce à quoi le jeu ressemblait en chemin.

# %%
import copy

ROUNDS = 1200  # quick: 48
moments, frames = [], []
for number in progress(range(ROUNDS), total=ROUNDS, words="[[rounds | tours]]"):
    play()
    now = (f"[[round | tour]] {len(history)}", G(noise(300)).detach(), copy.deepcopy(D))
    if number in (0, ROUNDS // 48, ROUNDS // 24, ROUNDS // 12, ROUNDS // 6, ROUNDS // 4, ROUNDS // 2, ROUNDS - 1):
        moments.append(now)
    if number % (ROUNDS // 12) == 0:
        frames.append(draw.planes(real_points(300), [now]))

draw.planes(real_points(300), moments)

# %% [markdown]
# [en]
# The same as a film: the fakes wander, and `D` follows them.
# [fr]
# La même chose en film : les contrefaçons se promènent, et `D` les suit.

# %%
film(frames)

# %% [markdown]
# [en]
# ## The losses, and the 50% rule
#
# The losses do not fall, as those of other networks do: when one of the two gets better, it gets harder for the other. What
# tells you how far the game has come is how often `D` is right. At the beginning it is nearly always; then it comes near to 50%,
# and it ends there if `G` makes points that nobody can tell from real ones.
# [fr]
# ## Les pertes, et la règle des 50 %
#
# Les pertes ne descendent pas, comme celles d'autres réseaux : quand l'un des deux progresse, la tâche de l'autre devient plus
# dure. Ce qui dit où en est le jeu, c'est combien de fois `D` a raison. Au début presque toujours ; puis cela s'approche de
# 50 %, et s'y termine si `G` fait des points que personne ne distingue des points réels.

# %%
draw.curves(history)

# %%
found = plane.modes_found(G(noise(1000)).detach())
print(f"[[heaps found by the fakes | tas trouvés par les contrefaçons]]: {found} / 8")

# %% [markdown]
# [en]
# ## Break it
#
# Go back to `new_networks`, change one thing at a time, and play on from there. What do you expect before you look?
#
# - `new_networks(lr_G=1e-2)`: a forger that learns ten times as fast as the examiner.
# - `new_networks(lr_D=1e-2)`: the reverse. Look at the arrows when `D` is sure everywhere.
# - `betas=(0.9, 0.999)`: with **momentum**, which repeats a part of the last step, `G` and `D` chase one another. How many heaps are found?
# - `real_points` of your own drawing.
#
# When only some of the heaps are found, that is called **mode collapse**. Notebook 7 causes it on purpose, and mends it.
#
# **Next:** [2 · Digits, by dense layers](02-mnist-dense.ipynb): the same two steps, with pictures in place of points.
# [fr]
# ## Cassez-le
#
# Revenez à `new_networks`, changez une chose à la fois, et rejouez à partir de là. À quoi vous attendez-vous avant de regarder ?
#
# - `new_networks(lr_G=1e-2)` : un faussaire qui apprend dix fois plus vite que l'expert.
# - `new_networks(lr_D=1e-2)` : l'inverse. Regardez les flèches quand `D` est sûr de lui partout.
# - `betas=(0.9, 0.999)` : avec de l'**élan** (*momentum*), qui répète une part du dernier pas, `G` et `D` se poursuivent l'un l'autre. Combien de tas sont trouvés ?
# - `real_points` à partir de votre propre dessin.
#
# Quand seuls quelques tas sont trouvés, cela s'appelle un **effondrement de modes** (*mode collapse*). Le carnet 7 le provoque
# exprès, et le répare.
#
# **La suite :** [2 · Des chiffres, par des couches denses](02-mnist-dense.ipynb) : les deux mêmes étapes, avec des images à la
# place des points.

# %% [markdown]
# [en]
# # 8 · Sound, music, text
#
# The game does not care what a sample is. The same line trains on recordings, on tunes and on words; only the networks are others,
# and what a sample looks like. Half a minute each is the beginning of a training, not its end: `minutes=10` makes them good.
# [fr]
# # 8 · Le son, la musique, le texte
#
# Le jeu se moque de ce qu'est une donnée. La même ligne s'entraîne sur des enregistrements, des airs et des mots ; seuls changent
# les réseaux, et ce à quoi ressemble un échantillon. Une demi-minute chacun est le début d'un entraînement, pas sa fin : `minutes=10` les rend bons.

# %%
import sys

sys.path.insert(0, "..")

import faussaire
import torch
from checks import Checks
from IPython.display import Audio
from pictures import Pictures, reports, sheet

check, draw = Checks("[[en | fr]]"), Pictures("[[en | fr]]")
print("faussaire", faussaire.__version__)

# %% [markdown]
# [en]
# ## Names
#
# 5,000 first names, a line each. A sample is a word: at each place one of the letters.
# [fr]
# ## Des prénoms
#
# 5 000 prénoms, un par ligne. Un échantillon est un mot : à chaque place, une des lettres.

# %%
names = faussaire.train(
    "names",
    kimg=30,  # quick: 0.3
    run="runs/names",
)
lines = names.generator().sample(200, seed=0).tolist()
print(", ".join(lines[:40]))

# %% [markdown]
# [en]
# ### How many of them are new?
#
# Return the share of the `lines` that are not among the `known` ones.
#
# <details><summary>Hint</summary>
#
# `line not in known` is True or False, and True counts as 1: `sum(...) / len(lines)`. A `set` is searched quickly.
# </details>
# [fr]
# ### Combien sont nouveaux ?
#
# Renvoyez la part des lignes `lines` qui ne sont pas parmi les connues, `known`.
#
# <details><summary>Indice</summary>
#
# `line not in known` vaut True ou False, et True compte pour 1 : `sum(...) / len(lines)`. On cherche vite dans un `set`.
# </details>

# %%
def new_share(lines, known):
    # START: [[two lines | deux lignes]]
    seen = set(known)
    return sum(line not in seen for line in lines) / len(lines)
    # END


answer = check.new_share(new_share)
answer

# %%
data = faussaire.prepare("names")
kind = names.generator().modality
known = kind.from_rows(data.images[:]).tolist()
print(f"[[new | nouveaux]]: {100 * answer.use(lines, known):.0f}[[% |  %]]")

# %% [markdown]
# [en]
# At text, GANs are not the best. A model that only counts which letter follows which three others learns in a tenth of a second:
# [fr]
# Pour le texte, les GAN ne sont pas les meilleurs. Un modèle qui ne fait que compter quelle lettre suit quelles trois autres
# apprend en un dixième de seconde :

# %%
from faussaire.evaluation.fourgrams import FourGrams

counted = kind.from_rows(FourGrams(data.images[:].astype("int64")).write(40, seed=0)).tolist()
print(", ".join(counted))
print(f"[[new | nouveaux]]: {100 * answer.use(counted, known):.0f}[[% |  %]]")

# %% [markdown]
# [en]
# ## Spoken digits
#
# 1,000 recordings. A sample is a picture of the sound: time goes to the right, pitch upward. The waves are made of it afterwards.
# [fr]
# ## Des chiffres parlés
#
# 1 000 enregistrements. Un échantillon est une image du son : le temps va vers la droite, la hauteur vers le haut. L'onde en est
# tirée ensuite.

# %%
spoken = faussaire.train(
    "spoken-digits",
    kimg=5,  # quick: 0.2
    width=8,
    run="runs/spoken",
)
generator = spoken.generator()
draw.rows({name: generator.modality.tiles(generator.sample(8, label=name)) for name in generator.spec.classes[:4]})

# %%
seven = generator.modality.waves(generator.sample(3, label="7")).reshape(-1)
Audio(seven, rate=generator.modality.known.rate)

# %% [markdown]
# [en]
# ## Chorales
#
# Four bars for four voices, sixteenth by sixteenth. Black is a note.
# [fr]
# ## Des chorals
#
# Quatre mesures à quatre voix, double croche par double croche. Chaque trait est une note.

# %%
chorales = faussaire.train(
    "chorales",
    kimg=6,  # quick: 0.2
    width=8,
    run="runs/chorales",
)
composer = chorales.generator()
tune = composer.sample(4, seed=0)
sheet(composer.modality.tiles(tune), columns=2)

# %%
form = next(form for form in composer.modality.forms if form.suffix == ".wav")
Audio(data=form.encode(tune[:1]))

# %% [markdown]
# [en]
# In a terminal, `faussaire generate runs/chorales -n 8 --out tunes/` writes MIDI files and WAV, and `faussaire serve runs` plays them.
#
# ## Between two words
#
# Latents lie between latents here, too, though no word lies half-way between two words.
# [fr]
# Dans un terminal, `faussaire generate runs/chorales -n 8 --out airs/` écrit des fichiers MIDI et WAV, et `faussaire serve runs` les
# joue.
#
# ## Entre deux mots
#
# Ici aussi il y a des latents entre les latents, même si aucun mot n'est à mi-chemin de deux autres.

# %%
from answers import between

writer = names.generator()
random = torch.Generator().manual_seed(3)
ends = torch.randn(2, writer.z_dim, generator=random)
print(" → ".join(writer.modality.to_array(writer(between(ends[0], ends[1], 8)))))

# %%
draw.curves(reports(chorales), unit="kimg")

# %% [markdown]
# [en]
# ## That was the course
#
# You have played both sides, on points, digits, clothes, your own images, and sounds. What is left is time: give a run ten minutes, or an
# hour, watch it by `faussaire train … --studio`, and see whether your friends can tell its images from real ones.
# [fr]
# ## C'était le cours
#
# Vous avez joué des deux côtés, avec des points, des chiffres, des vêtements, vos propres images et des sons. Il ne reste que le
# temps : donnez dix minutes à un entraînement, ou une heure, regardez-le avec `faussaire train … --studio`, et voyez si vos amis
# distinguent ses images des images réelles.

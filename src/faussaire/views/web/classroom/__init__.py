"""A class of thirty: everyone trains a forger, plays against those of the others, and votes; the teacher sees all.

`opening` reads the data and starts, `app` says which address answers what, `room` is what its parts share. What pupils
send lies in `store`, an SQLite file, and nowhere else.
"""

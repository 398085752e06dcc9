"""How the weights were made: references, simulated libraries, fitting, choice of settings.

Needs the extra ``train`` (scikit-learn); nothing that serves predictions imports it.
"""

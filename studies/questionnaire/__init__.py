"""The questionnaire: a small web app that asks participants, and exports what they said (issue "perception studies").

``study`` reads STUDY.toml, ``slots`` counterbalances, ``steps`` says which page comes when, ``store`` keeps answers,
``web`` and ``admin`` are the pages, ``export`` writes the tables that the analysis reads, ``serving`` runs it.
"""

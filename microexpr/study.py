"""``microexpr study``: commands for perception studies. Each part registers its own."""

import typer

from microexpr import stimuli, study_analyze, study_paper, study_plan, study_serve, study_votes

app = typer.Typer(help="Perception studies: plan, ask, analyse.", rich_markup_mode=None)
for part in (study_plan, stimuli, study_serve, study_analyze, study_votes, study_paper):
    part.register(app)

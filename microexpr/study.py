"""``microexpr study``: commands for perception studies. Each part registers its own."""

import typer

from microexpr import stimuli, study_analyze, study_paper

app = typer.Typer(help="Perception studies: plan, ask, analyse.", rich_markup_mode=None)
for part in (stimuli, study_analyze, study_paper):
    part.register(app)

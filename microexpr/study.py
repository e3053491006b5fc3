"""``microexpr study``: commands for perception studies. Each part registers its own."""

import typer

from microexpr import study_analyze, study_serve, study_votes

app = typer.Typer(help="Perception studies: plan, ask, analyse.", rich_markup_mode=None)
study_analyze.register(app)
study_votes.register(app)
study_serve.register(app)

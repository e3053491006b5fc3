"""``microexpr study``: commands for perception studies. Each part registers its own."""

import typer

from microexpr import study_serve

app = typer.Typer(help="Perception studies: plan, ask, analyse.", rich_markup_mode=None)
study_serve.register(app)

"""Jinja templates of a package, over those of the house and of the NHS design system. Everything is escaped."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader

from interop.screen import assets, words

NAME: Final = "interop"


@cache
def environment(package: str) -> Environment:
    """The templates of ``package`` (its folder ``templates``), then the house's, then ``nhsuk/…``."""
    loaders = [PackageLoader(each) for each in dict.fromkeys((package, "interop.screen", "nhsuk_frontend_jinja"))]
    made = Environment(
        loader=ChoiceLoader(loaders),
        undefined=ChainableUndefined,  # the design system's macros read parameters of parameters that are not there
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    made.globals.update(asset=assets.address, service=NAME, UNKNOWN=words.UNKNOWN)
    made.filters.update(
        nhs_number=words.nhs_number,
        day=words.day,
        moment=words.moment,
        clock=words.clock,
        long_day=words.long_day,
        long_moment=words.long_moment,
        spoken_clock=words.spoken_clock,
        weekday=words.weekday,
        patient_name=words.name,
        count=words.count,
        rung=words.rung,
    )
    return made


def render(package: str, template: str, /, **values: Any) -> str:
    """A page, or a part of one; raises jinja2.TemplateError."""
    return environment(package).get_template(template).render(values)

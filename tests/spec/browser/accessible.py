"""Whether everyone can use a page: axe-core's rules, and the keyboard alone.

``axe/axe.min.js`` is axe-core 4.14.1 of Deque Systems, unchanged, under the Mozilla Public License 2.0 (``axe/LICENSE``); it is
of these tests alone and no page of ours holds it. The driver runs it inside the page, where a content security policy does not
bind it (DevTools protocol, ``Runtime.evaluate``), so that the page stands as its readers have it.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from playwright.async_api import Page

AXE: Final = Path(__file__).parent / "axe" / "axe.min.js"
DIGEST: Final = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
"""SHA-256 of it."""
TAGS: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice")
"""WCAG 2.2 up to AA has the rules of its predecessors; the last are what its authors find good beside it."""
_RUN: Final = """async tags => {
  const said = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']});
  return said.violations.map(rule => ({id: rule.id, help: rule.help, impact: rule.impact,
    nodes: rule.nodes.map(node => [node.target.join(' '), node.html, node.failureSummary])}));
}"""
_MARKS: Final = """
  const clear = colour => colour === 'transparent' || /^rgba\\(.*, 0\\)$/.test(colour);
  const lines = (style, name, more = '') => style[name + 'Style'] !== 'none' && parseFloat(style[name + 'Width']) > 0
    && !clear(style[name + 'Color']) ? style[name + 'Style'] + style[name + 'Width'] + style[name + 'Color'] + more : '';
  const shadows = said => said.split(/,(?![^(]*\\))/).map(each => each.trim()).filter(each =>
    each !== 'none' && !/^rgba\\([^)]*, 0\\)/.test(each) && /[1-9]/.test(each.replace(/^[^)]*\\)/, ''))).join();
  const mark = style => [
    lines(style, 'outline', style.outlineOffset), shadows(style.boxShadow), style.backgroundImage,
    clear(style.backgroundColor) ? '' : style.backgroundColor,
    ...['Top', 'Right', 'Bottom', 'Left'].map(side => lines(style, 'border' + side)),
  ].join(' ');
  const parts = ['', '::before', '::after'];
  const told = each => parts.map(part => getComputedStyle(each, part))
    .map((style, part) => part && style.content === 'none' ? '' : mark(style)).join('|');
  const around = at => [at, ...at.children, ...(at.labels || [])];
"""
"""What there is to be seen of a focus in how something is drawn: outline, shadow, background, border; of what it holds and of its
labels too, as a radio is drawn by its label. What is transparent is nothing."""
_BEFORE: Final = f"""() => {{{_MARKS}
  document.activeElement?.blur();
  getSelection()?.removeAllRanges();
  scrollTo(0, 0);
  window.unfocused = new WeakMap();
  for (const at of document.querySelectorAll('a, area, button, input, select, textarea, summary, [tabindex]'))
    for (const each of around(at)) window.unfocused.set(each, told(each));
}}"""
_FOCUS: Final = f"""() => {{{_MARKS}
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return null;
  const text = id => document.getElementById(id)?.innerText || '';
  const labels = [...(at.labels || [])];
  const by = (at.getAttribute('aria-labelledby') || '').split(' ').map(text).join(' ').trim();
  const name = by || at.getAttribute('aria-label') || labels[0]?.innerText || at.innerText || at.value || at.title || '';
  const seen = at.matches('input') && labels.length ? labels[0] : at;
  const box = seen.getBoundingClientRect();
  for (const each of document.getAnimations()) if (each instanceof CSSTransition) each.finish();
  const now = new Map(around(at).map(each => [each, told(each)]));
  if (!window.unfocused.has(at)) {{ // it came meanwhile, or is something that scrolls
    at.blur();
    for (const each of now.keys()) window.unfocused.set(each, told(each));
    at.focus({{preventScroll: true}});
  }}
  return {{
    name: name.trim().replace(/\\s+/g, ' '), html: at.outerHTML.slice(0, 160),
    marked: [...now].some(([each, said]) => window.unfocused.has(each) && window.unfocused.get(each) !== said)
      || !at.matches(':focus'), // a part of the browser's own, as the calendar of a date, has its own mark
    seen: box.width > 0 && box.height > 0 && getComputedStyle(at).visibility !== 'hidden'
      && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth,
  }};
}}"""
"""The control that has the focus: its name, whether it is on the screen, and whether it looks otherwise than without the focus."""


@cache
def _script() -> str:
    return AXE.read_text(encoding="utf-8") + ";undefined"


async def violations(page: Page, tags: Iterable[str] = TAGS) -> list[dict[str, Any]]:
    """What axe-core finds wrong with a page as it stands when all that it consists of is there."""
    await page.wait_for_load_state()
    if not await page.evaluate("() => typeof axe !== 'undefined'"):
        await page.evaluate(_script())
    found: list[dict[str, Any]] = await page.evaluate(_RUN, list(tags))
    return found


async def axe(page: Page, tags: Iterable[str] = TAGS) -> None:
    """No rule of axe-core is broken; says where and how each is."""
    said = []
    for rule in await violations(page, tags):
        said.append(f"{rule['id']} ({rule['impact']}): {rule['help']}")
        for target, html, why in rule["nodes"]:
            said += [f"    at {target}: {html[:200]}", *(f"        {line.strip()}" for line in why.splitlines())]
    assert not said, f"{page.url}\n" + "\n".join(said)


async def keyboard(page: Page, to: str = "", *, limit: int = 200) -> list[str]:
    """Walk a page by Tab from its top: each stop has a name, is seen and looks otherwise than without the focus. Ends at the
    control named ``to`` and leaves the focus on it, or at the last; the names, in order."""
    await page.wait_for_load_state()
    await page.evaluate(_BEFORE)
    names: list[str] = []
    first = ""
    for _ in range(limit):
        await page.keyboard.press("Tab")
        at = await page.evaluate(_FOCUS)
        if at is None or (names and at["html"] + at["name"] == first):
            break
        first = first or at["html"] + at["name"]
        assert at["name"], f"no name: {at['html']}"
        assert at["seen"], f"has the focus and is not seen: {at['html']}"
        assert at["marked"], f"nothing shows that it has the focus: {at['html']}"
        names.append(at["name"])
        if to and at["name"] == to:
            return names
    else:
        raise AssertionError(f"Tab goes on after {limit} stops: {names[-5:]}")
    assert not to, f"Tab does not reach {to!r}: {names}"
    assert names, "Tab reaches nothing"
    return names


async def within(page: Page) -> None:
    """Nothing is wider than the screen: nobody has to scroll sideways (WCAG 2.2, 1.4.10)."""
    await page.wait_for_load_state()
    wide: list[str] = await page.evaluate(
        "() => { const root = document.documentElement, wide = root.clientWidth; return root.scrollWidth <= wide ? [] :"
        " [...document.querySelectorAll('body *')].filter(each => each.getBoundingClientRect().right > wide + 1)"
        ".map(each => each.outerHTML.slice(0, 120)) }"
    )
    assert not wide, f"{page.url} is wider than the screen: {wide[:5]}"

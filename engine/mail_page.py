"""How a mail looks: its plain words in a clinic's colours, as a page that needs nothing from anywhere.

The words are those of the plain mail, never more. Where a mail about a visit names no clinic, neither does its page: it
has the colour, and no mark. Mail programs know tables, plain styles and little else.
"""

import html
import re
from dataclasses import dataclass

from engine.clinics import ClinicFile
from engine.logo import PNG

PICTURE = "logo"
"""The Content-ID of the logo that travels with the mail (RFC 2392)."""
_LINK = re.compile(r"https?://\S+[^\s.,;:!?)]")
_FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Arial,sans-serif"
_FRAME = """<!doctype html>
<html lang="{language}"><head><meta charset="utf-8"><title>{subject}</title>
<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark">
<style>@media (prefers-color-scheme:dark){{.ground{{background:#0e0f11!important}}\
.sheet{{background:#17191c!important}}.ink{{color:#f1eee9!important}}.soft{{color:#b0a99f!important}}\
.mark{{color:{dark}!important}}.link{{color:{dark}!important}}}}</style></head>
<body class="ground" style="margin:0;padding:24px 12px;background:#f3f1ed;{font}">
<table role="presentation" width="100%" cellspacing="0" cellpadding="0"><tr><td align="center">
<table role="presentation" class="sheet" width="100%" cellspacing="0" cellpadding="0" \
style="max-width:560px;background:#ffffff;border-radius:10px;border-top:4px solid {accent}"><tr>
<td style="padding:24px">
{mark}<h1 class="ink" style="margin:0 0 12px;font-size:20px;line-height:1.3;color:#23201c">{subject}</h1>
{words}
</td></tr></table>{foot}
</td></tr></table></body></html>
"""
_PARAGRAPH = '<p class="ink" style="margin:0 0 16px;font-size:16px;line-height:1.5;color:#23201c">{}</p>'
_BUTTON = """<p style="margin:0 0 12px"><a href="{link}" style="display:inline-block;padding:12px 20px;\
border-radius:6px;background:{accent};color:{on_accent};font-size:16px;font-weight:600;text-decoration:none">{words}</a></p>
<p class="soft" style="margin:0 0 16px;font-size:13px;line-height:1.5;color:#645e56;word-break:break-all">{link}</p>"""
_MARK = '<p class="mark" style="margin:0 0 20px;font-size:16px;font-weight:600;color:{accent}">{inside}</p>'
_TILE = (
    '<span style="display:inline-block;width:32px;height:32px;margin-right:10px;border-radius:8px;background:{accent};'
    'color:{on_accent};line-height:32px;text-align:center">{letter}</span>'
)
_SEEN = '<img src="cid:logo" height="32" width="{width}" alt="{alt}" style="vertical-align:middle;margin-right:10px">'
_FOOT = '<p class="soft" style="margin:16px 0 0;font-size:13px;line-height:1.5;color:#645e56">{}</p>'
OPEN = {"en": "Open the page", "es": "Abrir la página"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPage:
    """A mail's page, and the picture that it shows (PNG, empty without one)."""

    html: str
    picture: bytes = b""


def mail_page(clinic: ClinicFile, language: str, words: tuple[str, str], *, named: bool) -> MailPage:
    """The page of a mail of that subject and body; ``named`` says that the clinic's name may stand in it."""
    subject, body = words
    picture = clinic.brand.logo.content if named and _shows_logo(clinic) and clinic.brand.logo else b""
    page = _FRAME.format(
        language=html.escape(language),
        subject=html.escape(subject),
        accent=clinic.brand.accent,
        dark=clinic.brand.accent_dark,
        font=_FONT,
        mark=_mark(clinic) if named else "",
        words=_words(clinic, language, body),
        foot=_foot(clinic) if named else "",
    )
    return MailPage(html=page, picture=picture)


def _shows_logo(clinic: ClinicFile) -> bool:
    """Mail programs show PNG; a clinic with a drawing has its letter there."""
    return clinic.brand.logo is not None and clinic.brand.logo.media_type == PNG


def _mark(clinic: ClinicFile) -> str:
    brand, name = clinic.brand, html.escape(clinic.brand.logo_text)
    if brand.logo is not None and _shows_logo(clinic):
        alt = html.escape(brand.logo.alt) if brand.logo.has_name else ""
        seen = _SEEN.format(width=round(32 * brand.logo.ratio), alt=alt)
        return _MARK.format(accent=brand.accent, inside=seen if brand.logo.has_name else seen + name)
    tile = _TILE.format(accent=brand.accent, on_accent=brand.on_accent, letter=html.escape(brand.logo_text[0]))
    return _MARK.format(accent=brand.accent, inside=tile + name)


def _foot(clinic: ClinicFile) -> str:
    contact = clinic.contact
    return _FOOT.format(html.escape(f"{clinic.name} · {contact.address} · {contact.phone}"))


def _words(clinic: ClinicFile, language: str, body: str) -> str:
    """The body's paragraphs; the link in it becomes a button, with its address below for who trusts no button."""
    found = _LINK.search(body)
    before, link, after = (body[: found.start()], found[0], body[found.end() :]) if found else (body, "", "")
    parts = [_paragraphs(before)]
    if link:
        asked = OPEN.get(language, OPEN["en"])
        brand = clinic.brand
        shown = _BUTTON.format(link=html.escape(link), accent=brand.accent, on_accent=brand.on_accent, words=asked)
        parts += [shown, _paragraphs(after.lstrip(" .,;:"))]
    return "\n".join(part for part in parts if part)


def _paragraphs(text: str) -> str:
    parts = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    return "\n".join(_PARAGRAPH.format(html.escape(part).replace("\n", "<br>")) for part in parts)

"""The page behind a place's code: anybody who stands there reports a problem, without signing in.

The place's code stands behind `#`, where no server's log sees it. The page loads nothing and talks to its own service.
"""

import base64
import hashlib
from typing import Final

from services.sanitation.domain.reports import Problem

_PROBLEMS: Final[dict[Problem, str]] = {
    "not_clean": "不干净 Not clean",
    "not_disinfected": "没有消毒 Not disinfected",
    "overflowing": "垃圾满溢 Overflowing",
    "smell": "有异味 Smell",
    "damaged": "设施损坏 Damaged",
    "other": "其他 Something else",
}
_STYLE = """
*{box-sizing:border-box}
body{font-family:"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif;margin:0 auto;max-width:32rem;
padding:1rem;color:#0b0c0c;background:#fff;font-size:1.1rem;line-height:1.5}
label{display:block;padding:.6rem 0}
input[type=radio]{width:1.4rem;height:1.4rem;vertical-align:middle;margin-right:.5rem}
textarea{width:100%;font:inherit;border:2px solid #0b0c0c;padding:.4rem}
button{font:inherit;font-weight:bold;width:100%;padding:.8rem;border:0;background:#00703c;color:#fff;margin-top:1rem}
button:focus,textarea:focus,input:focus{outline:3px solid #fd0}
#work{display:inline-block;padding:.8rem 0}#work[hidden]{display:none}
#said{font-weight:bold;margin-top:1rem}
"""
_SCRIPT = """
const form = document.querySelector("form"), said = document.querySelector("#said");
const code = decodeURIComponent(location.hash.slice(1));
document.querySelector("#code").textContent = code || "—";
const work = document.querySelector("#work");
work.href = `sheet?site=${encodeURIComponent(code)}`;
work.hidden = !code;
const fresh = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64; bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
};
let id = fresh();
form.addEventListener("input", () => { id = fresh(); });
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const filled = new FormData(form), text = filled.get("text").trim();
  const body = { report_id: id, site_code: code, problem: filled.get("problem"), text: text || null };
  said.textContent = "正在提交… Sending…";
  try {
    const answer = await fetch("v1/site-reports", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    if (answer.ok) { said.textContent = "已收到，谢谢。Received, thank you."; form.hidden = true; return; }
    const problem = await answer.json();
    said.textContent = problem.detail || "提交失败，请稍后再试。Try again later.";
  } catch {
    said.textContent = "没有网络，请稍后再试。No network: try again later.";
  }
});
"""


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


CONTENT_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_digest(_STYLE)}'; script-src 'sha256-{_digest(_SCRIPT)}'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
PAGE: Final = (
    '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width,initial-scale=1"><title>反映问题 Report a problem</title>'
    f"<style>{_STYLE}</style></head><body><h1>反映问题</h1><p>Report a problem at this place</p>"
    '<p>点位 Place: <b id="code"></b></p><noscript>请启用 JavaScript，或告诉门岗。'
    "Allow JavaScript, or tell the gate.</noscript>"
    '<p><a id="work" hidden>消杀员在这里登记 Workers log here</a></p><form>'
    + "".join(
        f'<label><input type="radio" name="problem" value="{code}" required>{label}</label>'
        for code, label in _PROBLEMS.items()
    )
    + '<label>补充说明（选填，不要写姓名） In words (optional, no names)<textarea name="text" rows="3" minlength="2" '
    'maxlength="200"></textarea></label><button>提交 Send</button></form>'
    f'<p id="said" role="status"></p><script>{_SCRIPT}</script></body></html>'
)

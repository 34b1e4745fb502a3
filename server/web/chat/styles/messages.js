// Questions, answers, refusals, errors, chips and source cards.

export const messagesStyle = `
.question { align-self: flex-end; max-width: min(85%, 34em); margin-top: 28px; padding: 9px 16px; border-radius: 18px; border-end-end-radius: 4px; background: var(--tint); white-space: pre-wrap; }
.question:first-child { margin-top: 4px; }
.answer { margin-top: 22px; animation: appear .25s ease-out; }
.text { font-size: 1.06em; line-height: 1.7; white-space: pre-wrap; }
.text:empty { display: none; }
.text > * + * { margin-top: .6em; }
.text li { margin-inline-start: 1.4em; list-style: disc; }
.text ol li { list-style: decimal; }
.text li.deep { margin-inline-start: 2.8em; }
.heading { font-weight: 650; }
.text pre, .text code { border-radius: 6px; background: var(--sunken); font: .88em/1.6 ui-monospace, monospace; }
.text code { padding: .1em .35em; }
.text pre { padding: 10px 14px; overflow-x: auto; }
.text em { font-style: italic; }

.chip { position: relative; min-width: 1.75em; margin-inline: .3em 0; padding: 0 .4em; border-radius: .9em; background: var(--tint); color: var(--accent); font-size: .72em; font-weight: 600; line-height: 1.7; text-align: center; vertical-align: .22em; font-variant-numeric: tabular-nums; transition: background .15s, color .15s; }
.chip:lang(zh) { margin-inline: .1em; } /* after a full-width stop there is room already */
.chip::after { content: ""; position: absolute; inset: -4px -2px; }
.chip:hover { background: var(--fill); color: var(--on-fill); }

.progress { display: flex; align-items: center; gap: 12px; color: var(--muted); }
.pulse { width: 9px; height: 9px; flex: none; border-radius: 0 60% 0 60%; background: var(--accent); animation: pulse 1.4s ease-in-out infinite; }
.note { color: var(--muted); font-size: .9em; }
.text:not(:empty) + .note { margin-top: 10px; }

.understood { margin-bottom: 8px; color: var(--muted); font-size: .88em; }

.refusal { padding: 14px 18px; border-inline-start: 3px solid var(--edge); border-radius: 12px; border-start-start-radius: 4px; border-end-start-radius: 4px; background: var(--sunken); }
.refusal-title { margin-bottom: 3px; font-weight: 650; }
.refusal .text { color: var(--muted); font-size: 1em; }

.error { padding: 12px 16px; border-radius: 12px; background: var(--alarm-ground); color: var(--alarm); }
.text:not(:empty) + .error { margin-top: 14px; }
.reference { margin-top: 2px; font-size: .8em; opacity: .9; }

.sources { margin-top: 26px; }
.sources h4 { color: var(--muted); font-size: .84em; font-weight: 600; letter-spacing: .02em; }
.sources .note { margin-top: 2px; }
.sources ol { margin-top: 10px; display: grid; gap: 8px; }
.sources li { display: grid; }
.card { display: grid; grid-template-columns: auto minmax(0, 1fr); column-gap: 12px; padding: 12px 16px 12px 14px; border: 1px solid var(--line); border-radius: 12px; background: var(--surface); transition: border-color .15s; }
.card:hover { border-color: var(--accent); }
.number { grid-row: span 3; width: 1.9em; height: 1.9em; flex: none; display: grid; place-items: center; border-radius: 50%; background: var(--tint); color: var(--accent); font-size: .8em; font-weight: 600; font-variant-numeric: tabular-nums; }
.title { font-weight: 600; line-height: 1.45; }
.where { color: var(--muted); font-size: .84em; line-height: 1.5; }
.excerpt { margin-top: 5px; color: var(--muted); font-size: .9em; line-height: 1.55; overflow: hidden; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; }
.card .where, .card .excerpt, .card .title { grid-column: 2; }

.row { margin-top: 10px; display: flex; gap: 2px; align-items: center; }
.row .icon-button { width: 36px; height: 36px; font-size: .86em; }
.icon-button[aria-pressed="true"] { background: var(--tint); color: var(--accent); }
[data-testid="rate-down"] .icon { transform: rotate(180deg); }
.row + div:not(:empty) { margin-top: 6px; }
.reasons { display: grid; gap: 10px; justify-items: start; padding: 14px 16px; border: 1px solid var(--line); border-radius: 12px; background: var(--surface); font-size: .92em; }
.reasons fieldset { display: flex; flex-wrap: wrap; gap: 6px; }
.reasons legend { margin-bottom: 6px; font-weight: 600; }
.reason { display: flex; align-items: center; gap: 7px; min-height: 32px; padding: 2px 12px; border: 1px solid var(--edge); border-radius: 16px; cursor: pointer; }
.reason:has(:checked) { border-color: var(--accent); background: var(--tint); }
.reason input { width: 1em; height: 1em; margin: 0; accent-color: var(--accent); }
.comment { width: 100%; padding: 7px 12px; border: 1px solid var(--edge); border-radius: 9px; }
.reasons .quiet { margin: 0; padding-inline: 14px; background: var(--fill); color: var(--on-fill); }
.quiet { display: inline-flex; align-items: center; gap: 7px; min-height: 34px; margin-inline-start: -8px; padding: 4px 10px 4px 8px; border-radius: 9px; color: var(--muted); font-size: .86em; }
.quiet:hover { background: var(--sunken); color: var(--text); }

@keyframes appear { from { opacity: 0; } }
@keyframes pulse { 50% { opacity: .25; transform: scale(.75); } }
`;

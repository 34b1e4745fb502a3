// The frame of the chat: bar, scrolling conversation, empty state, composer.

export const frameStyle = `
.root { position: relative; display: flex; flex-direction: column; height: 100%; min-height: 0; background: var(--ground); overflow: hidden; container-type: inline-size; }

.bar { flex: none; display: flex; align-items: center; gap: 4px; min-height: 60px; padding: 8px 12px 8px 18px; }
.bar h2 { flex: 1; min-width: 0; padding-inline-start: 6px; font-size: 1.1em; font-weight: 650; letter-spacing: -.01em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }

.body { flex: 1; min-height: 0; display: flex; }
.main { flex: 1; min-width: 0; display: flex; flex-direction: column; }
.scroll { position: relative; flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; scrollbar-gutter: stable both-edges; scrollbar-width: thin; scrollbar-color: var(--edge) transparent; mask-image: linear-gradient(transparent, #000 14px, #000 calc(100% - 14px), transparent); }
.scroll:focus-visible { outline-offset: -2px; mask: none; }
.column { max-width: 760px; min-height: 100%; margin-inline: auto; padding: 16px 24px 40px; display: flex; flex-direction: column; }

.empty { margin: auto 0; padding-block: 24px; display: flex; flex-direction: column; align-items: center; text-align: center; animation: rise .5s ease-out; }
.empty .mark { width: 4em; height: 4em; }
.empty h3 { margin-top: 20px; font-size: 1.9em; line-height: 1.25; font-weight: 650; letter-spacing: -.022em; text-wrap: balance; }
.lead { margin-top: 12px; max-width: 30em; color: var(--muted); font-size: 1.06em; text-wrap: balance; }
.suggestions { margin-top: 32px; width: 100%; display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 260px), 1fr)); gap: 10px; }
.suggestions li { display: grid; }
.suggestion { padding: 13px 16px; border: 1px solid var(--line); border-radius: 12px; background: var(--surface); line-height: 1.45; transition: border-color .15s; }
.suggestion:hover { border-color: var(--accent); }

.composer { flex: none; width: 100%; max-width: 760px; margin-inline: auto; padding: 4px 24px max(14px, env(safe-area-inset-bottom)); }
.field { display: flex; align-items: flex-end; gap: 8px; padding: 6px 6px 6px 18px; border: 1px solid var(--edge); border-radius: 24px; background: var(--surface); box-shadow: 0 4px 20px -10px var(--shadow); transition: border-color .15s; }
.field:focus-within { border-color: var(--accent); outline: 1px solid var(--accent); }
.input { flex: 1; min-width: 0; max-height: 200px; padding: 5px 0; line-height: 1.5; resize: none; outline: none; overflow-y: auto; }
.input::placeholder { color: var(--muted); opacity: 1; }
.send { width: 36px; height: 36px; flex: none; display: grid; place-items: center; border-radius: 50%; background: var(--fill); color: var(--on-fill); transition: background .15s, color .15s; }
.send[aria-disabled="true"] { background: var(--sunken); color: var(--muted); cursor: default; }
.footnote { margin-top: 9px; color: var(--muted); font-size: .78em; text-align: center; }

@keyframes rise { from { opacity: 0; transform: translateY(8px); } }

@container (max-width: 520px) {
  .bar { padding-inline: 14px 6px; }
  .column { padding: 8px 16px 28px; }
  .composer { padding-inline: 12px; }
  .empty .mark { width: 3.25em; height: 3.25em; }
  .empty h3 { font-size: 1.5em; }
}
`;

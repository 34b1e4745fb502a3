// The opened document: beside the conversation where there is room, over it where there is not.

export const sourceStyle = `
.source { position: absolute; inset: 0; z-index: 1; display: flex; flex-direction: column; padding: 14px 0 0; background: var(--surface); animation: appear .2s ease-out; }
.source .head { flex: none; display: flex; align-items: flex-start; gap: 12px; padding: 0 10px 0 20px; }
.source .head .number { margin-top: 7px; }
.source h3 { flex: 1; min-width: 0; padding-top: 6px; font-size: 1.06em; font-weight: 650; line-height: 1.45; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
.source .where:empty { display: none; }
.source > .where, .file { flex: none; padding: 2px 24px 0 calc(32px + 1.52em); }
.file { display: flex; align-items: baseline; flex-wrap: wrap; justify-content: space-between; gap: 2px 16px; padding-bottom: 12px; border-bottom: 1px solid var(--line); color: var(--muted); font-size: .84em; }
.original { display: inline-flex; align-items: center; gap: 5px; padding-block: 3px; white-space: nowrap; }
.original .icon { width: 1.1em; height: 1.1em; }

.page { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 20px 24px 48px; scrollbar-width: thin; scrollbar-color: var(--edge) transparent; }
.page:focus-visible { outline-offset: -2px; }
.page .body { display: block; white-space: pre-wrap; tab-size: 4; line-height: 1.75; }
.page mark { padding: .12em 0; border-radius: 3px; background: var(--quote); color: inherit; box-decoration-break: clone; -webkit-box-decoration-break: clone; scroll-margin: 80px; }
.page blockquote { margin: 8px 0 20px; padding: 10px 14px; border-inline-start: 3px solid var(--edge); background: var(--sunken); }
.page-border { display: flex; align-items: center; gap: 12px; margin-block: 4px; color: var(--muted); font-size: .78em; user-select: none; }
.page-border::after { content: ""; flex: 1; border-top: 1px solid var(--line); }

.root[data-wide] .source { position: static; flex: 0 1 46%; max-width: 680px; border-inline-start: 1px solid var(--line); border-top: 1px solid var(--line); border-start-start-radius: 18px; }
`;

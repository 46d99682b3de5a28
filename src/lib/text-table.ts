/** How a table is laid out; every field has a default. */
export interface TableLayout {
  /** Per column; `left` where absent. */
  readonly align?: readonly ('left' | 'right')[];
  /** Spaces before each line. */
  readonly indent?: number;
  /** Spaces between columns. */
  readonly gap?: number;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
const NO_WIDTH = /\p{M}/u;

/** Rows of cells as lines of aligned columns, without trailing spaces. Cells must be safe to print (lib/escape). */
export function textTable(rows: readonly (readonly string[])[], layout: TableLayout = {}): string[] {
  const { align = [], indent = 0, gap = 2 } = layout;
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, displayWidth(cell));
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) => pad(cell, widths[i] ?? 0, align[i] ?? 'left'));
    return (' '.repeat(indent) + cells.join(' '.repeat(gap))).trimEnd();
  });
}

/** Columns a text takes on a terminal: two for East Asian wide characters and emoji, none for combining marks. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const char of text) width += NO_WIDTH.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}

function pad(cell: string, width: number, align: 'left' | 'right'): string {
  const fill = ' '.repeat(Math.max(0, width - displayWidth(cell)));
  return align === 'right' ? fill + cell : cell + fill;
}

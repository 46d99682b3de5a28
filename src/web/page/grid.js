/** The signature picture: hosts down, ports across, a cell lit by every knock and fading with time. */
import { ago, count, plural } from './format.js';
import { html, incidentPath, navigate, useLayoutEffect, useMemo, useRef, useState } from './parts.js';
import { daemonNow } from './store.js';

/** Cell sizes for so many rows: a few systems are large, hundreds still fit. */
const SIZES = [
  { rows: 8, cell: 34, gap: 5, font: 13 },
  { rows: 20, cell: 24, gap: 4, font: 12.5 },
  { rows: 60, cell: 15, gap: 3, font: 11.5 },
  { rows: Number.POSITIVE_INFINITY, cell: 11, gap: 2, font: 9.5 },
];
const MIN_COLUMN = 19;
const WIDEST_COLUMN = 40;

/** How brightly a cell is lit now, 0 (an afterglow) to 4. */
function brightness({ heat, lastMs }, halfLifeMs, nowMs) {
  const left = heat * 2 ** ((lastMs - nowMs) / halfLifeMs);
  return left < 0.35 ? 0 : left < 1.5 ? 1 : left < 5 ? 2 : left < 20 ? 3 : 4;
}

function describe(cell, grid, nowMs) {
  const host = grid.hosts[cell.host];
  const port = grid.ports[cell.port];
  const name = host.name ? `${host.name} (${host.ip})` : host.ip;
  const service =
    port.port === -2 ? 'other ports' : port.port < 0 ? 'no port' : `${port.name ?? 'port'} ${port.port}`;
  const incident = cell.incident ? `, part of a ${cell.severity} incident` : '';
  return `${name}, ${service}: ${plural(cell.count, 'packet')}, the last ${ago(cell.lastMs, nowMs)} from ${cell.source}${incident}`;
}

const pathOf = (cell, grid) =>
  cell.incident
    ? incidentPath(cell.incident)
    : `/incidents?host=${encodeURIComponent(grid.hosts[cell.host].ip)}${grid.ports[cell.port].port < -1 ? '' : `&port=${grid.ports[cell.port].port}`}`;

/** The grid with so many ports at most, unless more were hit: those that nobody touched go first. `dark` says how many went. */
function withRoomFor(grid, columns) {
  const hit = new Set(grid.cells.map(({ port }) => port));
  let darkLeft = Math.max(0, columns - hit.size);
  const kept = [...grid.ports.keys()].filter((i) => hit.has(i) || darkLeft-- > 0);
  const at = new Map(kept.map((i, now) => [i, now]));
  return {
    ...grid,
    ports: kept.map((i) => grid.ports[i]),
    cells: grid.cells.map((cell) => ({ ...cell, port: at.get(cell.port) })),
    dark: grid.ports.length - kept.length,
  };
}

const labelWidth = ({ hosts }, font) =>
  Math.min(190, 14 + Math.max(0, ...hosts.map(({ ip, name }) => (name ?? ip).length)) * font * 0.61);

/** How far the labels of the ports lean out to the right. */
const overhang = (ports) => Math.max(0, ...ports.map(label).map((text) => text.length)) * 5.2;

const STEPS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

const keyOf = (cell, grid) => `${grid.hosts[cell.host].ip} ${grid.ports[cell.port].port}`;

/** Arrows go from lit cell to lit cell, Enter opens one. Whichever is chosen stays so while others come and go. */
function useChosenCell(grid, order) {
  const [chosen, choose] = useState(undefined);
  const at = order.findIndex((cell) => keyOf(cell, grid) === chosen);
  const onKeyDown = (event) => {
    const step = STEPS[event.key];
    if (event.key === 'Enter' && at >= 0) navigate(pathOf(order[at], grid));
    else if (step !== undefined && order.length > 0) {
      const first = step > 0 ? 0 : order.length - 1;
      choose(keyOf(order[at < 0 ? first : (at + step + order.length) % order.length], grid));
    } else return;
    event.preventDefault();
  };
  return { shown: order[at], onKeyDown, onBlur: () => choose(undefined) };
}

/** Scrolls `box` so far that a cell is in sight; `x` and `y` are its place in the body, `top` the height of the head that stays. */
function reveal(box, { x, y, width, height, left, top }) {
  const margin = 4;
  const below = top + y + height + margin - box.clientHeight;
  if (box.scrollTop > y - margin) box.scrollTop = y - margin;
  else if (box.scrollTop < below) box.scrollTop = below;
  const beside = x + width + margin - box.clientWidth;
  if (box.scrollLeft > x - left) box.scrollLeft = x - left;
  else if (box.scrollLeft < beside) box.scrollLeft = beside;
}

export function HitGrid({ grid: whole }) {
  const [room, setRoom] = useState(0);
  const box = useRef(null);
  useLayoutEffect(() => {
    if (box.current && box.current.clientWidth !== room) setRoom(box.current.clientWidth);
  });
  const nowMs = daemonNow();
  const { cell: size, gap, font } = SIZES.find(({ rows }) => whole.hosts.length <= rows);
  const left = labelWidth(whole, font);
  const columns = room === 0 ? Infinity : Math.floor((room - left - overhang(whole.ports)) / MIN_COLUMN);
  const grid = useMemo(
    () => (whole.ports.length > columns ? withRoomFor(whole, columns) : whole),
    [whole, columns],
  );
  const order = useMemo(() => [...grid.cells].sort((a, b) => a.host - b.host || a.port - b.port), [grid]);
  const { shown, onKeyDown, onBlur } = useChosenCell(grid, order);
  const place = useRef(undefined);
  useLayoutEffect(() => {
    if (shown !== undefined) reveal(box.current, place.current);
  }, [shown && keyOf(shown, grid)]);
  if (grid.hosts.length === 0 || grid.ports.length === 0) {
    return html`<p class="empty">No watched host was knocked on yet. Cells appear here, host by port, and light up with each hit.</p>`;
  }
  const pitch = size + gap;
  const beyond = overhang(grid.ports);
  // Few columns grow wider to fill the room, up to a shape that is still a window.
  const column = Math.max(
    pitch,
    MIN_COLUMN,
    Math.min(Math.max(size * 1.75, WIDEST_COLUMN), (room - left - beyond) / grid.ports.length),
  );
  const wide = column - gap;
  const top = 18 + beyond * 0.97;
  const width = left + grid.ports.length * column + beyond;
  const height = grid.hosts.length * pitch + 4;
  const x = (port) => left + port * column;
  const y = (host) => host * pitch + 2;
  place.current = shown && { x: x(shown.port), y: y(shown.host), width: wide, height: size, left, top };

  return html`<div class="hit-grid" tabindex="0" role="group" onKeyDown=${onKeyDown} onBlur=${onBlur}
      aria-label=${`Hits by host and port: ${plural(grid.hosts.length, 'host')}, ${plural(grid.ports.length, 'port')}, ${plural(order.length, 'cell')} hit. Arrow keys go from cell to cell, Enter opens it.`}>
    <div class="grid-scroll" ref=${box}>
      <svg class="grid-head" viewBox=${`0 0 ${width} ${top}`} width=${width} height=${top} aria-hidden="true">
        ${grid.ports.map((port, i) => html`<text key=${port.port} class=${port.watched ? '' : 'unwatched'} transform=${`translate(${x(i) + wide / 2 + 3} ${top - 6}) rotate(-46)`}>${label(port)}<title>${port.port < 0 ? label(port) : `port ${port.port}`}</title></text>`)}
      </svg>
      <svg class="grid-body" viewBox=${`0 0 ${width} ${height}`} width=${width} height=${height} role="img" aria-label=${shown ? describe(shown, grid, nowMs) : 'grid of hits'}>
        <defs><pattern id="dark-cells" x=${left} y="2" width=${column} height=${pitch} patternUnits="userSpaceOnUse">
          <rect class="cell" width=${wide} height=${size} rx=${size > 20 ? 4 : 2} />
        </pattern></defs>
        <rect class="dark" x=${left} y="2" width=${grid.ports.length * column} height=${grid.hosts.length * pitch} fill="url(#dark-cells)" />
        ${grid.hosts.map((host, i) => html`<text key=${host.ip} class=${`host ${host.watched ? '' : 'unwatched'}`} x=${left - 8} y=${y(i) + size / 2} font-size=${font}>${shorten(host.name ?? host.ip)}<title>${host.ip}</title></text>`)}
        ${order.map(
          (
            cell,
          ) => html`<a key=${`${grid.hosts[cell.host].ip} ${grid.ports[cell.port].port}`} href=${pathOf(cell, grid)} tabindex="-1">
          <rect class=${`cell lit-${brightness(cell, grid.halfLifeMs, nowMs)} ${cell.severity ?? ''} ${cell === shown ? 'focused' : ''}`}
            x=${x(cell.port)} y=${y(cell.host)} width=${wide} height=${size} rx=${size > 20 ? 4 : 2}><title>${describe(cell, grid, nowMs)}</title></rect>
          ${size >= 24 && html`<text class="in-cell" x=${x(cell.port) + wide / 2} y=${y(cell.host) + size / 2} font-size=${size > 30 ? 12 : 10}>${cell.count > 999 ? '999+' : count(cell.count)}</text>`}
        </a>`,
        )}
      </svg>
    </div>
    <p class="grid-foot">
      <span aria-live="polite">${shown ? describe(shown, grid, nowMs) : leftOut(grid)}</span>
      <span class="legend" aria-hidden="true">quiet ${[0, 1, 2, 3, 4].map((n) => html`<i class=${`lit-${n}`}></i>`)} many, lately <i class="ring"></i> open incident</span>
    </p>
  </div>`;
}

/** What is not in the picture, in words. */
const leftOut = ({ omitted, dark = 0 }) =>
  [
    ...(omitted > 0 ? [`${plural(omitted, 'more host')}, not drawn`] : []),
    ...(dark > 0 ? [`${plural(dark, 'watched port')} nobody touched, not drawn`] : []),
  ].join('; ');

const label = ({ port, name }) => name ?? (port < 0 ? 'no port' : String(port));

const shorten = (text) => (text.length > 24 ? `${text.slice(0, 23)}…` : text);

/** The cells of one incident, in the same picture. */
export function incidentGrid({ targets, lastSeenMs, severity, sources, id }) {
  const hosts = new Map();
  const ports = new Map();
  for (const { ip, name, port, service } of targets) {
    hosts.set(ip, { ip, name, watched: true });
    ports.set(port, { port, name: service, watched: true });
  }
  const portList = [...ports.values()].sort((a, b) => a.port - b.port).slice(0, 64);
  const hostList = [...hosts.values()].slice(0, 200);
  const hostAt = new Map(hostList.map(({ ip }, i) => [ip, i]));
  const portAt = new Map(portList.map(({ port }, i) => [port, i]));
  const cells = targets
    .filter(({ ip, port }) => hostAt.has(ip) && portAt.has(port))
    .map(({ ip, port, count: packets, firstSeenMs }) => ({
      host: hostAt.get(ip),
      port: portAt.get(port),
      count: packets,
      heat: packets,
      lastMs: Math.max(firstSeenMs, lastSeenMs),
      source: sources.length === 1 ? sources[0] : 'several sources',
      severity,
      incident: id,
    }));
  return {
    hosts: hostList,
    ports: portList,
    cells,
    omitted: hosts.size - hostList.length + ports.size - portList.length,
    halfLifeMs: Number.POSITIVE_INFINITY,
  };
}

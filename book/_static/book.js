/* What a page does in the browser: nothing is loaded, and without it all can be read. */

/* The keyboard reaches what is wider than its frame; `more` says that more is to the right. */
const FRAMES = [
  "div.math", "span.math", "figure > a", "div.cell_output", "div.highlight pre",
  ".pst-scrollable-table-container", ".ledger",
].join(", ");

/* How much of a frame is out of sight; what is read to those who hear a formula does not count. */
function hiddenWidth(frame) {
  const formula = frame.matches("span.math") && frame.querySelector("mjx-math");
  const width = formula ? formula.getBoundingClientRect().width : frame.scrollWidth;
  return width - frame.clientWidth;
}

function markFrame(frame) {
  const hidden = hiddenWidth(frame);
  const scrolls = hidden > 1 && getComputedStyle(frame).overflowX !== "visible";
  if (scrolls) frame.tabIndex = 0;
  else frame.removeAttribute("tabindex");
  frame.classList.toggle("more", scrolls && frame.scrollLeft < hidden - 1);
}

function watchFrames() {
  const sizes = new ResizeObserver((changes) => changes.forEach(({ target }) => markFrame(target)));
  for (const frame of document.querySelectorAll(FRAMES)) {
    sizes.observe(frame);
    for (const child of frame.children) sizes.observe(child);
    frame.addEventListener("scroll", () => markFrame(frame), { passive: true });
  }
}

/* A figure opens at its full size, dot for dot on a sharp screen; a key or a click closes it. */
function enlargeFigures() {
  const dialog = document.createElement("dialog");
  dialog.className = "enlarged";
  dialog.setAttribute("aria-label", "The figure at its full size");
  dialog.innerHTML = '<form method="dialog"><button>Close</button></form>';
  const image = dialog.appendChild(document.createElement("img"));
  image.alt = "";
  for (const link of document.querySelectorAll("a.image-reference")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      image.src = link.href;
      image.srcset = `${link.href} ${Math.min(Math.max(devicePixelRatio, 1), 2)}x`;
      image.alt = link.querySelector("img").alt;
      if (!dialog.isConnected) document.body.append(dialog);
      dialog.showModal();
    });
  }
  dialog.addEventListener("click", () => dialog.close());
}

/* Escape hides the meaning of a word that pointer or keyboard has reached. */
function hideMeanings() {
  const hide = (hidden) => document.body.classList.toggle("no-meanings", hidden);
  document.addEventListener("keydown", (event) => hide(event.key === "Escape"));
  document.addEventListener("pointerover", () => hide(false));
}

/* On paper nothing scrolls: what is too wide is made smaller, and readings and proofs in folds are open. */
const PAPER = 640;
const ON_PAPER = "details.sd-dropdown:not([open]), details.fold:has(.proof):not([open])";

function leastWidth(wide) {
  if (wide.tagName !== "TABLE") return wide.firstElementChild.getBoundingClientRect().width;
  wide.style.width = "min-content";
  const width = wide.getBoundingClientRect().width;
  wide.style.width = "";
  return width;
}

function fitPaper() {
  leavePaper();
  const column = document.querySelector(".bd-article section")?.clientWidth ?? 0;
  for (const wide of document.querySelectorAll("div.math mjx-container, .bd-article table")) {
    const number = wide.parentElement.querySelector(".eqno")?.offsetWidth ?? 0;
    const room = Math.min(PAPER, column) - number - Math.max(0, column - wide.parentElement.clientWidth);
    const width = leastWidth(wide);
    if (width > room) wide.style.zoom = room / width;
  }
  for (const fold of document.querySelectorAll(ON_PAPER)) {
    fold.open = true;
    fold.dataset.closed = "";
  }
}

function leavePaper() {
  for (const wide of document.querySelectorAll('[style*="zoom"]')) wide.style.zoom = "";
  for (const fold of document.querySelectorAll("details[data-closed]")) {
    fold.open = false;
    delete fold.dataset.closed;
  }
}

window.addEventListener("beforeprint", fitPaper);
window.addEventListener("afterprint", leavePaper);
document.addEventListener("DOMContentLoaded", () => {
  watchFrames();
  enlargeFigures();
  hideMeanings();
});

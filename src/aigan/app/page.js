// The zoom boxes of the comparison: the place that is pointed at, enlarged in all pictures.
(() => {
  const ENLARGED = 3; // screen pixels for one of the picture

  function show(panel, x, y) {
    const image = panel.querySelector("img");
    const box = panel.querySelector(".zoom");
    if (!image || !image.naturalWidth) return;
    const width = image.naturalWidth * ENLARGED, height = image.naturalHeight * ENLARGED;
    box.style.backgroundImage = `url("${image.src}")`;
    box.style.backgroundSize = `${width}px ${height}px`;
    box.style.backgroundPosition = `${box.clientWidth / 2 - x * width}px ${box.clientHeight / 2 - y * height}px`;
  }

  function point(event) {
    const image = event.target;
    if (!image.matches || !image.matches(".panel img")) return;
    const frame = image.getBoundingClientRect();
    const x = (event.clientX - frame.left) / frame.width, y = (event.clientY - frame.top) / frame.height;
    for (const panel of image.closest(".panels").children) show(panel, x, y);
  }

  document.addEventListener("pointermove", point);
  document.addEventListener("pointerdown", point);
  document.addEventListener("load", (event) => {
    if (event.target.matches && event.target.matches(".panel img")) show(event.target.closest(".panel"), 0.5, 0.5);
  }, true);
})();

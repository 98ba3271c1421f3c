// Returns the visible texts whose contrast with what lies behind them is below 4.5 (WCAG 2, level AA).
() => {
    const parsed = text => {
        const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
        canvas.fillStyle = text; canvas.clearRect(0, 0, 1, 1); canvas.fillRect(0, 0, 1, 1);
        const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
        return [r, g, b, a / 255];
    };
    const over = (front, back) => [0, 1, 2].map(i => front[i] * front[3] + back[i] * (1 - front[3])).concat(1);
    const light = c => {
        const [r, g, b] = c.slice(0, 3).map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const faint = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        if (!walker.currentNode.textContent.trim() || !node.checkVisibility({opacityProperty: true, visibilityProperty: true})) continue;
        // Cells of a heat map are painted, not styled: their ink is chosen for pale cells.
        if (node.closest("script, style, noscript, canvas, [disabled], [data-testid=stIconMaterial], .heatmap-label")) continue;
        const box = node.getBoundingClientRect();
        if (!box.width || !box.height) continue;
        const chain = [];
        for (let e = node; e; e = e.parentElement) chain.unshift(e);
        let back = [255, 255, 255, 1], opacity = 1;
        for (const e of chain) {
            const style = getComputedStyle(e);
            back = over(parsed(style.backgroundColor), back);
            opacity *= +style.opacity;
        }
        const style = getComputedStyle(node);
        const ink = parsed(node instanceof SVGElement ? style.fill : style.color);
        ink[3] *= opacity;
        const [a, b] = [light(over(ink, back)), light(back)].sort((x, y) => y - x);
        const ratio = (a + 0.05) / (b + 0.05);
        if (ratio < 4.5) faint.push(`${ratio.toFixed(2)} ${walker.currentNode.textContent.trim().slice(0, 60)}`);
    }
    return [...new Set(faint)];
}

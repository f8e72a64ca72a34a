// What a publish would do: its groups, and the buckets of one before and after.

let paintPlan = () => {};

function showPlan(plan) {
  $('plan').hidden = false;
  $('plansummary').textContent = plan.summary;
  $('guard').textContent = plan.guard;
  const buttons = [];
  for (const group of plan.groups) {
    $('moves').append(element('p', { class: 'moves' }, group.name));
    for (const move of group.moves) {
      if (move.sign === '=') continue;
      const button = element('button', { type: 'button', class: 'move' + (/[v-]/.test(move.sign) ? ' alarm' : ''), 'aria-pressed': 'false' },
        `${move.sign} ${move.who}: ${move.what}`, element('br'), element('small', {}, move.share));
      button.addEventListener('click', () => choose(button, group, move));
      buttons.push(button);
      $('moves').append(button);
    }
  }
  // choose shows all buckets of the devices that one move is about.
  function choose(button, group, move) {
    buttons.forEach((b) => b.setAttribute('aria-pressed', String(b === button)));
    const present = new Uint8Array(buckets), sides = { before: new Int32Array(buckets), after: new Int32Array(buckets) };
    for (const m of group.moves.filter((other) => other.who === move.who)) {
      for (const side of ['before', 'after']) {
        const release = releaseNamed(m[side]);
        for (const b of m.buckets) { present[b] = 1; sides[side][b] = release; }
      }
    }
    paintPlan = () => ['before', 'after'].forEach((side) => {
      drawMap($(side), sides[side], present, -1);
      $(side).setAttribute('aria-label', `${group.name}, ${move.who}, ${side}: ` + [...new Set(move.buckets.map((b) => nameOf(sides[side][b])))].join(', '));
    });
    paintPlan();
  }
  if (buttons.length) buttons[0].click();
}

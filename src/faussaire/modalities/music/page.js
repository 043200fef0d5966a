// Piano rolls [voices, steps, pitches], a note where a number is above 0, on an exported page: drawn, written as MIDI, and
// played, as drawing.py and writing.py do it.

const [VOICES, STEPS, PITCHES] = FACTS.shape, MUSIC = FACTS.sample;

// [voice, first step, end, pitch] of every note. A gap of one step before the same note says that it is struck anew: it
// is closed.
function notesOf(sample) {
  const notes = [];
  for (let voice = 0; voice < VOICES; voice++)
    for (let pitch = 0; pitch < PITCHES; pitch++) {
      let first = -1;
      for (let step = 0; step <= STEPS; step++) {
        const sounds = step < STEPS && sample[(voice * STEPS + step) * PITCHES + pitch] > 0;
        if (sounds && first < 0) first = step;
        if (sounds || first < 0) continue;
        const last = notes.at(-1), height = MUSIC.lowest + pitch;
        if (last && last[0] === voice && last[3] === height && first - last[2] === 1) last[2]++;
        notes.push([voice, first, step, height]);
        first = -1;
      }
    }
  return notes;
}

function variable(value) {
  const bytes = [value & 127];
  while ((value >>= 7)) bytes.unshift(128 | (value & 127));
  return bytes;
}

const bytesOf = (value, count) => Array.from({ length: count }, (_, i) => (value >> (8 * (count - 1 - i))) & 255);

function track(events, length) {
  const content = [];
  let now = 0;
  for (const [tick, event] of events) {
    content.push(...(event[0] < 128 ? [] : variable(tick - now)), ...event);
    now = tick;
  }
  content.push(...variable(length - now), 255, 47, 0);
  return [...new TextEncoder().encode("MTrk"), ...bytesOf(content.length, 4), ...content];
}

function midiOf(sample) {
  const mark = new TextEncoder().encode(FACTS.mark), notes = notesOf(sample), length = STEPS * MUSIC.ticks_per_step;
  const tempo = bytesOf(Math.floor(60_000_000 / MUSIC.quarters_per_minute), 3);
  const head = [0, 255, 1, mark.length, ...mark, 0, 255, 81, 3, ...tempo, 0, 255, 88, 4, 4, 2, 24, 8];
  const tracks = [track([[0, head]], length)];
  for (let voice = 0; voice < VOICES; voice++) {
    const channel = MUSIC.channels[voice % MUSIC.channels.length];
    const events = notes
      .filter(([of]) => of === voice)
      .flatMap(([, first, end, pitch]) => [
        [first * MUSIC.ticks_per_step, [0x90 | channel, pitch, MUSIC.velocity]],
        [end * MUSIC.ticks_per_step, [0x80 | channel, pitch, 0]],
      ])
      .sort(([a, one], [b, other]) => a - b || one[0] - other[0] || one[1] - other[1]);
    tracks.push(track(events, length));
  }
  const division = MUSIC.ticks_per_step * MUSIC.steps_per_quarter;
  const header = [...new TextEncoder().encode("MThd"), ...bytesOf(6, 4), ...bytesOf(1, 2), ...bytesOf(tracks.length, 2), ...bytesOf(division, 2)];
  return Uint8Array.from([...header, ...tracks.flat()]);
}

const evenly = (value) => (value % 1 === 0.5 ? 2 * Math.round(value / 2) : Math.round(value)); // as Python rounds

function tone(pitch, steps, seconds) {
  const { rate, attack, release, decay, harmonics } = MUSIC, held = steps * seconds, frequency = 440 * 2 ** ((pitch - 69) / 12);
  const out = new Float32Array(evenly((held + release) * rate));
  for (let i = 0; i < out.length; i++) {
    const time = i / rate;
    let sum = 0;
    harmonics.forEach((strength, k) => {
      const turns = (k + 1) * frequency;
      if (turns < rate / 2) sum += strength * Math.exp((-time * (k + 1)) / decay) * Math.sin(2 * Math.PI * turns * time);
    });
    out[i] = 0.25 * sum * Math.min(time / attack, 1) * Math.min(Math.max((held + release - time) / release, 0), 1);
  }
  return out;
}

function soundOf(sample) {
  const { rate, loudest } = MUSIC, seconds = 60 / MUSIC.quarters_per_minute / MUSIC.steps_per_quarter;
  const sound = new Float32Array(evenly((STEPS * seconds + MUSIC.release) * rate) + 1);
  for (const [, first, end, pitch] of notesOf(sample)) {
    const begin = evenly(first * seconds * rate);
    tone(pitch, end - first, seconds).forEach((value, i) => begin + i < sound.length && (sound[begin + i] += value));
  }
  const peak = sound.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  return wav(sound.map((value) => (value * loudest) / peak), rate);
}

const KIND = {
  height: PITCHES,
  width: STEPS,
  wall: { wide: [8, 24], narrow: [4, 30] },
  files: [
    { suffix: ".wav", type: "audio/wav", bytes: soundOf },
    { suffix: ".mid", type: "audio/midi", bytes: midiOf },
  ],
  heard: soundOf,

  draw(sample) {
    const image = new ImageData(STEPS, PITCHES);
    for (let pitch = 0; pitch < PITCHES; pitch++)
      for (let step = 0; step < STEPS; step++) {
        const ground = step % MUSIC.bar === 0 ? MUSIC.bar_line : (pitch + MUSIC.lowest) % 12 === 0 ? MUSIC.octave : MUSIC.paper;
        let colour = [ground, ground, ground];
        for (let voice = 0; voice < VOICES; voice++)
          if (sample[(voice * STEPS + step) * PITCHES + pitch] > 0) colour = MUSIC.colours[voice % MUSIC.colours.length];
        image.data.set([...colour, 255], 4 * ((PITCHES - 1 - pitch) * STEPS + step));
      }
    return image;
  },

  described: () => words("sample", { bars: whole(STEPS / MUSIC.bar), voices: whole(VOICES), octaves: whole(Math.floor(PITCHES / 12)) }),
};

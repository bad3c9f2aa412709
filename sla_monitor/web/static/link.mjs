// What we know of the connection: connecting, live, stale or out, by what was heard and when.

const PATIENCE = 2.5; // beats that may be missing

export class Link {
  state = "connecting";
  heardAt = null; // ms of the server's last message, by the page's clock that never jumps
  #beat = 10_000;

  heard(at, beat = this.#beat) {
    this.#beat = beat;
    this.heardAt = at;
    this.state = "live";
  }

  // The connection broke; the browser tries again by itself.
  lost() {
    if (this.state !== "out") this.state = this.heardAt === null ? "connecting" : "stale";
  }

  // We are not, or no longer, known to the server.
  refused() {
    this.state = "out";
  }

  // Silence is a broken connection that nobody has told of.
  tick(at) {
    if (this.state === "live" && at - this.heardAt > PATIENCE * this.#beat) this.state = "stale";
    return this.state;
  }
}

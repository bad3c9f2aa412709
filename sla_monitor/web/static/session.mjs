// Being signed in: the way to the page for it and back, and that all tabs of a browser know when it is over.

const others = "BroadcastChannel" in globalThis ? new BroadcastChannel("session") : null;

// Leave for the page to sign in on, which leads back to where we are.
export function toSignIn() {
  const here = location.pathname.slice(new URL(".", document.baseURI).pathname.length) + location.search;
  location.replace(`sign-in${here ? `?next=${encodeURIComponent(here)}` : ""}${location.hash}`);
}

export async function signOut() {
  await fetch("sign-out", { method: "POST" }).catch(() => null);
  others?.postMessage("out");
  location.assign("sign-in");
}

// What another tab shows is nobody's to see any more.
export function watchSignOut() {
  others?.addEventListener("message", toSignIn);
}

// Why something could not be read or done, in the words of the page, whatever the server said. status: 0 for no answer.
export function trouble(words, status, detail) {
  if (status === 401) toSignIn();
  return words.trouble[status] || words.trouble.other(detail, status);
}

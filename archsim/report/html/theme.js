// Light, dark, or as the system has it; remembered where the browser keeps it.

const THEME_KEPT = "archsim-theme";

function theme(name) {
  if (name) document.documentElement.dataset.theme = name;
  else delete document.documentElement.dataset.theme;
  try {
    localStorage.setItem(THEME_KEPT, name);
  } catch { /* a page from disk may have no storage */ }
}

function rememberedTheme() {
  try {
    return localStorage.getItem(THEME_KEPT) || "";
  } catch {
    return "";
  }
}

// `changed` draws what does not follow the style sheet
function wireTheme(changed) {
  const choice = byId("theme");
  choice.value = rememberedTheme();
  theme(choice.value);
  choice.addEventListener("change", () => {
    theme(choice.value);
    changed();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", changed);
  byId("print").addEventListener("click", () => window.print());
  for (const [kind, printing] of [["beforeprint", true], ["afterprint", false]]) {
    window.addEventListener(kind, () => {
      // paper is white
      if (printing) document.documentElement.dataset.theme = "light";
      else theme(choice.value);
      changed(printing);
    });
  }
}

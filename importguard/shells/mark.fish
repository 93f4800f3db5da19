# Run by the fish of `importguard shell`, after the user's own settings.
functions --copy fish_prompt _importguard_prompt
function fish_prompt
    # The user's prompt first, since it may show how the last command ended, which any other command would change.
    set -l theirs (_importguard_prompt)
    echo -n '(importguard) '
    string join \n -- $theirs
end

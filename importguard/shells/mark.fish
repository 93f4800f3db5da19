# Run by the fish of `importguard shell`, after the user's own settings.
functions --copy fish_prompt _importguard_prompt
function fish_prompt
    echo -n '(importguard) '
    _importguard_prompt
end

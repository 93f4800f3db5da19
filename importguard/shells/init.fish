# importguard: in a project that carries a policy, these commands run under it.
function _importguard_project
    # Where the folder really is, which is where `importguard run` looks.
    set -l at (pwd -P | string collect)
    while test -n "$at"
        test -f "$at/importguard.toml" -o -f "$at/importguard.lock"; and return 0
        grep -Eqs '^[[:space:]]*(\[[[:space:]]*)?tool[[:space:]]*\.[[:space:]]*"?importguard' "$at/pyproject.toml"; and return 0
        test "$at" = "$HOME"; and return 1
        set at (string replace --regex '/[^/]*$' '' -- $at | string collect)
    end
    return 1
end
function _importguard_run
    if test -z "$IMPORTGUARD_SHELL"; and _importguard_project
        command importguard run -- $argv
    else if functions --query _importguard_their_$argv[1]
        _importguard_their_$argv[1] $argv[2..]
    else
        command $argv
    end
end
for _importguard_name in python python3 pip pytest ipython
    # What the user has made of the name is what it stays elsewhere.
    if functions --query $_importguard_name; and not functions $_importguard_name | string match --quiet '*_importguard_run*'
        functions --erase _importguard_their_$_importguard_name
        functions --copy $_importguard_name _importguard_their_$_importguard_name
    end
    eval "function $_importguard_name; _importguard_run $_importguard_name \$argv; end"
end
set --erase _importguard_name

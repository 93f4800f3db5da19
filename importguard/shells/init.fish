# importguard: in a project that carries a policy, these commands run under it.
function _importguard_project
    set -l at $PWD
    while test -n "$at"
        test -f "$at/importguard.toml"; and return 0
        grep -qs '^\[tool\.importguard' "$at/pyproject.toml"; and return 0
        test "$at" = "$HOME"; and return 1
        set at (string replace --regex '/[^/]*$' '' -- $at)
    end
    return 1
end
function _importguard_run
    if test -z "$IMPORTGUARD_SHELL"; and _importguard_project
        command importguard run -- $argv
    else
        command $argv
    end
end
for name in python python3 pip pytest ipython
    eval "function $name; _importguard_run $name \$argv; end"
end

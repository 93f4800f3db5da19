# importguard: in a project that carries a policy, these commands run under it. For bash and zsh.
_importguard_project() {
    _importguard_at=$PWD
    while [ -n "$_importguard_at" ]; do
        [ -f "$_importguard_at/importguard.toml" ] && return 0
        grep -qs '^\[tool\.importguard' "$_importguard_at/pyproject.toml" && return 0
        [ "$_importguard_at" = "$HOME" ] && return 1
        _importguard_at=${_importguard_at%/*}
    done
    return 1
}
_importguard_run() {
    if [ -z "${IMPORTGUARD_SHELL-}" ] && _importguard_project; then
        command importguard run -- "$@"
    else
        command "$@"
    fi
}
for _importguard_name in python python3 pip pytest ipython; do
    eval "$_importguard_name() { _importguard_run $_importguard_name \"\$@\"; }"
done
unset _importguard_name

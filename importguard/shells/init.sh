# importguard: in a project that carries a policy, these commands run under it. For bash and zsh.
_importguard_project() {
    # Where the folder really is, which is where `importguard run` looks.
    _importguard_at=$(pwd -P)
    while [ -n "$_importguard_at" ]; do
        [ -f "$_importguard_at/importguard.toml" ] || [ -f "$_importguard_at/importguard.lock" ] && return 0
        grep -Eqs '^[[:space:]]*(\[[[:space:]]*)?tool[[:space:]]*\.[[:space:]]*"?importguard' "$_importguard_at/pyproject.toml" && return 0
        [ "$_importguard_at" = "${HOME-}" ] && return 1
        _importguard_at=${_importguard_at%/*}
    done
    return 1
}
_importguard_run() {
    if [ -z "${IMPORTGUARD_SHELL-}" ] && _importguard_project; then
        command importguard run -- "$@"
    elif typeset -f "_importguard_their_$1" >/dev/null; then
        "_importguard_their_$@"
    else
        command "$@"
    fi
}
for _importguard_name in python python3 pip pytest ipython; do
    # What the user has made of the name is what it stays elsewhere.
    _importguard_theirs=$(typeset -f "$_importguard_name") || :
    case $_importguard_theirs in
    '' | *_importguard_run*) ;;
    *) eval "function _importguard_their_$_importguard_name ${_importguard_theirs#"$_importguard_name"}" ;;
    esac
    # By this word, since what stands before () is an alias' where there is one.
    eval "function $_importguard_name { _importguard_run $_importguard_name \"\$@\"; }"
done
unset _importguard_name _importguard_theirs

# Read by the zsh of `importguard shell`, which is pointed here: gives back where the user's own settings are.
if [[ -n ${IMPORTGUARD_ZDOTDIR+set} ]]; then ZDOTDIR=$IMPORTGUARD_ZDOTDIR; else unset ZDOTDIR; fi
unset IMPORTGUARD_ZDOTDIR
[[ -f ${ZDOTDIR-$HOME}/.zshenv ]] && . "${ZDOTDIR-$HOME}/.zshenv"
# After the user's .zshrc, which may set the prompt anew each time.
typeset -ga precmd_functions
_importguard_mark() { [[ $PROMPT == *'(importguard) '* ]] || PROMPT="(importguard) $PROMPT" }
precmd_functions+=(_importguard_mark)
# A .zshrc may make that list anew: before the first prompt, and once, it is looked at again.
_importguard_hook() {
    (( ${precmd_functions[(I)_importguard_mark]} )) || precmd_functions+=(_importguard_mark)
    _importguard_mark
}
zmodload zsh/sched && sched +0 _importguard_hook

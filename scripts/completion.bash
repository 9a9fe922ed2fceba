# Bash completion for aistudio-auth. It asks the command for its own help, so it
# needs no change when commands or flags come and go.
#
# Usage: source scripts/completion.bash
#
# Example:
#   source scripts/completion.bash
#   aistudio-auth che<Tab> --meta<Tab>

# Prints the flags in the help of a command as it shows them: --flag, or
# --flag=F for one that takes a value. Without a command, those that choose
# credentials, as they may stand before it.
_aistudio_auth_flags() {
  echo --help
  "$1" "${2:-check}" --help 2>/dev/null | sed -n '/^Example:/q; /^  /p' |
    grep -o -e '--[a-z_]*\(=[A-Z]*\)\{0,1\}' | sort -u
}

_aistudio_auth() {
  local program="${COMP_WORDS[0]}" word="${COMP_WORDS[COMP_CWORD]}"
  local commands command="" candidate flags flag="" i
  commands="$("$program" --help 2>/dev/null |
    sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')"
  for ((i = 1; i < COMP_CWORD; ++i)); do
    for candidate in $commands; do
      [[ "${COMP_WORDS[i]}" == "$candidate" ]] && command="$candidate"
    done
    [[ -n "$command" ]] && break
  done
  flags="$(_aistudio_auth_flags "$program" "$command")"

  # The flag whose value is to be completed. Readline hands over `--flag=value`
  # as three words, unless = breaks no words.
  local previous="${COMP_WORDS[COMP_CWORD - 1]}" prefix=""
  if [[ "$word" == "=" ]]; then
    flag="$previous" word=""
  elif [[ "$previous" == "=" ]]; then
    flag="${COMP_WORDS[COMP_CWORD - 2]}"
  elif [[ "$word" == --*=* ]]; then
    flag="${word%%=*}" prefix="${word%%=*}=" word="${word#*=}"
  elif [[ "$word" != -* ]] && grep -q -x -e "$previous=.*" <<<"$flags"; then
    flag="$previous"
  fi

  COMPREPLY=()
  if [[ -n "$flag" ]]; then
    if grep -q -x -e "$flag=F" <<<"$flags"; then
      compopt -o filenames 2>/dev/null
      mapfile -t COMPREPLY < <(compgen -P "$prefix" -f -- "$word")
    fi
  elif [[ "$word" == -* || -n "$command" && -z "$word" ]]; then
    flags="$(sed 's/=.*/=/' < <(echo "$flags"))"
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$word")
    [[ "${COMPREPLY[*]}" == *= ]] && compopt -o nospace 2>/dev/null
  elif [[ -z "$command" ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
  fi
  return 0
}
complete -F _aistudio_auth aistudio-auth

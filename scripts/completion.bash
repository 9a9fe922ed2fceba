# Bash completion for aistudio-auth. It asks the command for its own help, so it
# needs no change when commands or flags come and go.
#
# Usage: source scripts/completion.bash
#
# Example:
#   source scripts/completion.bash
#   aistudio-auth che<Tab> --meta<Tab>

_aistudio_auth() {
  local program="${COMP_WORDS[0]}" word="${COMP_WORDS[COMP_CWORD]}"
  local commands command="" candidate i
  commands="$("$program" --help 2>/dev/null |
    sed -n '/^Commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p')"
  for ((i = 1; i < COMP_CWORD; ++i)); do
    for candidate in $commands; do
      [[ "${COMP_WORDS[i]}" == "$candidate" ]] && command="$candidate"
    done
    [[ -n "$command" ]] && break
  done

  COMPREPLY=()
  if [[ "$word" == --* ]]; then
    # Without a command, any flag that chooses credentials.
    mapfile -t COMPREPLY < <(compgen -W "--help $("$program" \
      "${command:-check}" --help 2>/dev/null |
      sed '/^Example:/,$d' | grep -o -e '--[a-z_]*=\{0,1\}' | sort -u)" \
      -- "$word")
    [[ "${COMPREPLY[*]}" == *= ]] && compopt -o nospace 2>/dev/null
  elif [[ -z "$command" ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
  else
    # After `--flag=` readline hands over what follows the sign.
    [[ "$word" == "=" ]] && word=""
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
  fi
  return 0
}
complete -o filenames -F _aistudio_auth aistudio-auth

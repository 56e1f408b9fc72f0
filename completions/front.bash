
# What bash hands over is broken at each =, which options and their values have in them: it is put together again. From
# the first operand on the words are not ours.
_@NAME@() {
  local line=${COMP_LINE:0:COMP_POINT} word value=no operand=no
  local -a words
  read -ra words <<<"${line%"${line##*[[:space:]]}"}"
  local last=${line##*[[:space:]]}
  for word in "${words[@]:1}"; do
    if [[ $value == yes ]]; then
      value=no
    elif [[ $word == -- || $word != -?* ]]; then
      operand=yes
      break
    elif [[ $word == --* ]]; then
      [[ " @LONG@ " == *" $word "* ]] && value=yes
    elif [[ $word =~ ^-[^@SHORT@]*[@SHORT@]$ ]]; then
      value=yes
    fi
  done
  if [[ $operand == yes ]]; then
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$last")
    return 0
  fi
  local -a COMP_WORDS=("${words[0]}")
  if [[ $value == yes ]]; then
    COMP_WORDS+=("${words[@]: -1}")
    [[ ${COMP_WORDS[1]} == --* ]] || COMP_WORDS[1]=-${COMP_WORDS[1]: -1}
  elif [[ $last == --*=* ]]; then
    COMP_WORDS+=("${last%%=*}")
    last=${last#*=}
  fi
  COMP_WORDS+=("$last")
  local COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  _shtab_@NAME@
  local IFS=$'\n'
  if [[ $COMP_WORDBREAKS == *=* && $last == *=* ]]; then
    COMPREPLY=("${COMPREPLY[@]#"${last%=*}="}")
  fi
  [[ ${#COMPREPLY[@]} -gt 0 && -z ${COMPREPLY[*]##*=} ]] && compopt -o nospace 2>/dev/null
  return 0
}

complete -o bashdefault -F _@NAME@ @PROG@

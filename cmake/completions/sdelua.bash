# Completion of sdelua(1) for bash.

# The folder of the installed scripts, for the program as it was typed.
_sdelua_folder() {
  local program
  program=$(type -P -- "$1") && program=$(readlink -f -- "$program") || return
  printf '%s' "${program%/*}/../share/lua/5.4/sdelua/scripts"
}

# The place of the script among the words: the first that is no option and no option's value; 0 if none is there yet.
_sdelua_script_at() {
  local i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${COMP_WORDS[i]} in
      -e) ((i++)) ;;
      -l) ((i++)); [[ ${COMP_WORDS[i + 1]} == = ]] && ((i += 2)) ;; # g=mod is three words here
      --) ((i + 1 < COMP_CWORD)) && echo $((i + 1)) || echo 0; return ;;
      -?*) ;;
      *) echo "$i"; return ;;
    esac
  done
  echo 0
}

_sdelua() {
  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} folder at script options
  folder=$(_sdelua_folder "$1") at=$(_sdelua_script_at)
  COMPREPLY=()
  if ((at > 0)); then
    script=$folder/${COMP_WORDS[at]}
    if [[ $word == -* && -f $script ]]; then # one of ours: it knows its options
      options=$("$1" "$script" --help 2>/dev/null | grep -oE -- '--[a-z-]+' | sort -u)
      mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
    else
      compopt -o default
    fi
  elif [[ $previous == -l ]]; then
    mapfile -t COMPREPLY < <(compgen -W "sdelua sl=sdelua" -- "$word")
  elif [[ $previous == -e ]]; then
    return
  elif [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "-e -i -l -v -h --help -E -W -- -" -- "$word")
  else
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -f -X '!*.lua' -- "$word"; compgen -d -- "$word"
      [[ -d $folder ]] && cd "$folder" && compgen -f -X '!*.lua' -- "$word")
  fi
}
complete -F _sdelua sdelua

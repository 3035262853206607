# Completion of sdelua(1) for fish.

function __sdelua_folder
    echo (path dirname (path resolve (command -s sdelua)))/../share/lua/5.4/sdelua/scripts
end

# The words after the program that are no options and no option's value.
function __sdelua_plain_words
    set -l skip 0
    for word in (commandline -opc)[2..]
        if test $skip = 1
            set skip 0
        else if contains -- $word -e -l
            set skip 1
        else if not string match -qr -- '^-.' $word
            echo $word
        end
    end
end

function __sdelua_needs_script
    test (count (__sdelua_plain_words)) = 0
end

# The options of an installed script, which it knows itself.
function __sdelua_script_options
    set -l words (__sdelua_plain_words)
    set -l script (__sdelua_folder)/$words[1]
    test -f $script; and sdelua $script --help 2>/dev/null | string match -ra -- '--[a-z-]+' | sort -u
end

complete -c sdelua -n __sdelua_needs_script -s e -x -d 'Execute a string'
complete -c sdelua -n __sdelua_needs_script -s i -d 'Enter interactive mode after the script'
complete -c sdelua -n __sdelua_needs_script -s l -x -a 'sdelua sl=sdelua' -d 'Require a library into a global'
complete -c sdelua -n __sdelua_needs_script -s v -d 'Show version information'
complete -c sdelua -n __sdelua_needs_script -s h -l help -d 'Show options, scripts and where to read on'
complete -c sdelua -n __sdelua_needs_script -s E -d 'Ignore environment variables'
complete -c sdelua -n __sdelua_needs_script -s W -d 'Turn warnings on'
complete -c sdelua -n __sdelua_needs_script -k -f -a '(__fish_complete_suffix .lua)'
complete -c sdelua -n __sdelua_needs_script -f -a '(path basename (__sdelua_folder)/*.lua)' -d 'Installed script'
complete -c sdelua -n 'not __sdelua_needs_script' -a '(__sdelua_script_options)'

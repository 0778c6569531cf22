# ci_steps.awk: the commands of a workflow of GitHub, a template of GitLab or a Containerfile, a line each.
{ while (sub(/ *\\$/, "")) { getline rest; sub(/^ +/, "", rest); $0 = $0 " " rest } } # a line that goes on
/^ *- run: / { sub(/^ *- run: /, ""); print; next }
/^ *(before_script|script):$/ { inside = 1; next }
inside && /^ *- / { sub(/^ *- /, ""); print; next }
{ inside = 0 }
/^RUN / { sub(/^RUN /, ""); print }

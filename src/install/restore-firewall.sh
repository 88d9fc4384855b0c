#!/bin/sh
# Brings back the firewall as it was last confirmed, with nothing but sh, awk, ipset and iptables: no Node, DNS or
# database. Run by tollgate-firewall.service before the network is up, and by "tollgate firewall restore".
#
#   restore-firewall.sh [--print] [--now SECONDS] FILE
#
# --print shows what would come back and touches nothing; --now is the time to go by, in seconds since 1970.
# FILE is written by src/firewall/boot-text.ts, and FILE-countries beside it: the permitted countries, without which their
# sets stay empty. Both belong to a user without rights and are read here by root, so nothing of them is passed on but
# lines of which every word is known. Exit 0: it holds, or there was nothing to do. Exit 1: it
# does not, and what was in force still is.
set -u
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL

print= now= file=
while [ $# -gt 0 ]; do
  case $1 in
    --print) print=yes ;;
    --now) now=${2-} && shift ;;
    *) file=$1 ;;
  esac
  shift
done

say() { printf '%s\n' "$*"; }
fail() { say "tollgate: $*; what was in force still is" >&2 && exit 1; }

# A pipe or a device in its place would hold up the boot.
[ -f "$file" ] || { say "tollgate: nothing is saved in $file: nothing to restore" && exit 0; }
countries=$file-countries
[ -f "$countries" ] || countries=
work=$(mktemp -d) || fail 'there is no place for working files'
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# FILE -> create, rules4, rules6, members (set, member, seconds or nothing) and counts, in $work.
read_state() { # $1: now  $2: seconds that loading may take
  awk -v now="$1" -v spare="$2" -v out="$work" -v lines="$(wc -l < "$file")" '
    function is_set(name) { return length(name) <= 30 && name ~ /^tg-[a-z][a-z0-9-]*[46]$/ }
    function is_chain(name) { return length(name) <= 28 && name ~ /^TOLLGATE(-[A-Z0-9+-]+)?$/ }
    function is_number(text, most) { return text ~ /^[0-9]+$/ && length(text) <= 12 && text + 0 <= most }
    function is_length(text, most) { return text ~ /^[1-9][0-9]*$/ && is_number(text, most) }
    function is_ipv4(text,   part, i, n) {
      n = split(text, part, ".")
      for (i = 1; i <= n; i++) if (part[i] !~ /^(0|[1-9][0-9]?[0-9]?)$/ || part[i] > 255) return 0
      return n == 4
    }
    # What ipset cannot read as an address it looks up in DNS.
    function is_ipv6(text,   part, i, n, gaps, groups) {
      if (text !~ /^[0-9a-f:]+$/ || text ~ /:::/ || text ~ /^:[^:]/ || text ~ /[^:]:$/) return 0
      n = split(text, part, ":")
      for (i = 1; i <= n; i++) {
        if (length(part[i]) > 4) return 0
        if (part[i] != "") groups++
      }
      gaps = gsub(/::/, "", text)
      return gaps == 0 ? groups == 8 : gaps == 1 && groups <= 7
    }
    function is_network(text, family,   part, n) {
      n = split(text, part, "/")
      if (n > 2 || (n == 2 && !is_length(part[2], family == 4 ? 32 : 128))) return 0
      return family == 4 ? is_ipv4(part[1]) : is_ipv6(part[1])
    }
    function is_member(set, text, family,   part, n) {
      n = split(text, part, ",")
      if (!is_network(part[1], family)) return 0
      return device[set] ? n == 2 && length(part[2]) <= 15 && part[2] ~ /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/ : n == 1
    }
    function is_create(   rest, family, type) {
      family = substr($2, length($2))
      if (!is_set($2) || ($2 in created)) return 0
      rest = $0
      sub(/^create [^ ]+ /, "", rest)
      if ($2 == "tg-country-inner4") {
        room[$2] = 65536
        return rest == "bitmap:ip range 0.0.0.0-255.255.255.255 netmask 16"
      }
      if (!sub(/ maxelem [1-9][0-9]*/, "", rest) || !is_length($7, 10000000)) return 0
      room[$2] = $7
      type = family == 4 ? "inet" : "inet6"
      if (rest == "hash:net,iface family " type) return device[$2] = 1
      if ($2 ~ /^tg-country(-outer)?[46]$/) return by_country = rest == "hash:net family " type
      return rest == "hash:net family " type " timeout 0 counters"
    }
    # Every option by its name: iptables would also take one that starts a program.
    function is_rule(family,   i, set) {
      if ($2 != "-A" || !is_chain($3) || NF < 5) return 0
      for (i = 4; i <= NF; i++) {
        if ($i == "!") i++
        if (!($i in option) || i == NF || $(i + 1) !~ /^[A-Za-z0-9_][A-Za-z0-9_.:,\/-]*$/ && $i != "-g" && $i != "-s") return 0
        if ($i == "-j" && !($(i + 1) in target) && !is_chain($(i + 1))) return 0
        if ($i == "-g" && !is_chain($(i + 1))) return 0
        if ($i == "-s" && !is_network($(i + 1), family)) return 0
        if ($i == "-m" && !($(i + 1) in match_of)) return 0
        if ($i == "--match-set") {
          if (!is_set($(i + 1)) || $(i + 2) !~ /^src(,src)?$/) return 0
          i++
        }
        i++
      }
      return 1
    }
    function words(text, into,   part, i, n) {
      n = split(text, part, " ")
      for (i = 1; i <= n; i++) into[part[i]] = 1
    }
    function is_over(set, end) {
      if (end == "") return 0
      if (set ~ /^tg-block[46]$/) return stands_early ? 0 : end <= now
      return stands_early || end - now - spare < 1
    }
    # A block is never shorter than it was to be, all others never longer. 20 days: src/firewall/time-left.ts.
    function seconds(set, end,   left) {
      if (end == "") return ""
      left = set !~ /^tg-block[46]$/ ? end - now - spare : end - (stands_early ? saved_at : now)
      return left > 1728000 ? 1728000 : left < 1 ? 1 : left
    }
    BEGIN {
      words("-i -s -p -m -j -g --match-set --dport --dports --sport --src-type --ctstate --ctdir --icmp-type --icmpv6-type", option)
      words("--hl-eq --limit --limit-burst --nflog-group", option)
      words("--hashlimit-upto --hashlimit-burst --hashlimit-mode --hashlimit-name --hashlimit-srcmask", option)
      words("ACCEPT DROP RETURN NFLOG", target)
      words("set udp tcp icmp icmp6 multiport addrtype conntrack hashlimit limit hl", match_of)
      create = out "/create"; members = out "/members"; rules[4] = out "/rules4"; rules[6] = out "/rules6"
      printf "" > create; printf "" > members; printf "" > rules[4]; printf "" > rules[6]
    }
    FNR == 1 && NR > 1 { beside = 1; announced = /^tollgate-countries 1 [0-9]+$/ ? $3 : "none"; next }
    beside {
      if ($1 != "add" || NF != 3 || $2 !~ /^tg-country(-outer|-inner)?[46]$/ || !is_member($2, $3, substr($2, length($2)))) bad++
      else { given++; if ($2 in created) of_country[$2 " " $3] }
      next
    }
    # Its end is missing, and may be all that tells it from another address or another end.
    FNR > lines { unknown++; next }
    FNR == 1 { known = $0 == "tollgate-boot 1"; newer = /^tollgate-boot [0-9]+$/ && !known; next }
    !whole && $1 == "create" && is_create() { created[$2] = room[$2]; print > create; head++; next }
    !whole && ($1 == 4 || $1 == 6) && NF == 2 && is_chain(substr($2, 2)) && $2 ~ /^:/ { print $2 > rules[$1]; head++; next }
    !whole && ($1 == 4 || $1 == 6) && is_rule($1) { print substr($0, 3) > rules[$1]; head++; count++; next }
    $1 == "head" && NF == 2 && !whole { whole = $2 == head; next }
    $1 == "at" && NF == 2 && is_number($2, 99999999999) { saved_at = $2 + 0; next }
    ($1 == "add" && (NF == 3 || NF == 4 && is_number($4, 99999999999)) || $1 == "del" && NF == 3) &&
      ($2 in created) && is_member($2, $3, substr($2, length($2))) {
      if ($1 == "del") delete end_of[$2 " " $3]
      else end_of[$2 " " $3] = $4
      next
    }
    $0 != "" { unknown++ }
    END {
      stands_early = now < saved_at
      # With a part of them nobody would see who is left out: all, or entries alone.
      is_all = beside && !bad && given + 0 == announced
      if (is_all) for (key in of_country) end_of[key] = ""
      for (key in end_of) {
        split(key, part, " ")
        if (is_over(part[1], end_of[key])) over++
        else if (held[part[1]]++ < created[part[1]]) {
          kept++
          left = seconds(part[1], end_of[key])
          print key (left == "" ? "" : " " left) > members
        }
        else full++
      }
      if (newer) print "fault it was written by a newer Tollgate" 
      else if (!known || !whole) print "fault it is damaged: the rules in it are not whole"
      text = (count + 0) " rules, " (kept + 0) " members"
      if (over && stands_early) text = text "; the clock stands before the saved time: " over " leases left out"
      else if (over) text = text "; " over " were over"
      if (full) text = text "; " full " did not fit"
      if (by_country && !is_all) text = text "; the permitted countries are " (beside ? "damaged" : "not saved") ": entries alone are let in"
      if (unknown) text = text "; " unknown " damaged lines left out"
      print "text " text
    }
  ' "$file" ${countries:+"$countries"} > "$work/said" || fail 'awk failed'
  fault=$(sed -n 's/^fault //p' "$work/said")
  [ -z "$fault" ] || fail "$file cannot be restored: $fault"
}

# The rules that lead from what iptables-save says in $2 to what is in $1, as src/firewall/plan.ts makes them.
rules_between() {
  awk '
    function ours(chain) { return chain == "TOLLGATE" || chain ~ /^TOLLGATE-/ }
    /^:/ { chain = substr($1, 2); if (ours(chain)) { order[side, ++chains[side]] = chain; has[side, chain] = 1 } }
    /^-A INPUT / { at[side]++; if ($0 == "-A INPUT -j TOLLGATE") { hooks[side]++; where[side] = where[side] at[side] " " } }
    /^-A TOLLGATE/ { if (ours($2)) rules[side, $2] = rules[side, $2] $0 "\n" }
    END {
      for (i = 1; i <= chains["want"]; i++) {
        chain = order["want", i]
        if (has["have", chain] && rules["want", chain] == rules["have", chain]) continue
        head = head ":" chain " - [0:0]\n"
        body = body rules["want", chain]
      }
      if (where["want"] != where["have"]) {
        for (i = 1; i <= hooks["have"]; i++) body = body "-D INPUT -j TOLLGATE\n"
        n = split(where["want"], part, " ")
        for (i = 1; i <= n; i++) body = body "-I INPUT " part[i] " -j TOLLGATE\n"
      }
      for (i = 1; i <= chains["have"]; i++) {
        chain = order["have", i]
        if (has["want", chain]) continue
        head = head ":" chain " - [0:0]\n"
        gone = gone "-X " chain "\n"
      }
      if (head body gone != "") printf "*filter\n%s%s%sCOMMIT\n", head, body, gone
    }
  ' side=want "$1" side=have "$2"
}

tool() { [ "$1" = 4 ] && printf iptables || printf ip6tables; }
have_rules() { "$(tool "$1")-save" -t filter > "$2"; }
send_rules() { [ ! -s "$2" ] || "$(tool "$1")-restore" ${3-} --noflush --wait 5 < "$2"; }
send_sets() { [ ! -s "$1" ] || ipset -exist restore < "$1"; }
other() { printf 'tg-~%s' "${1#tg-}"; }

# For each wanted set another one, filled, that is swapped in: no packet sees one half full. What "was" remembers stays.
plan_sets() { # $1: seconds that have passed since the state was read
  ipset list -n > "$work/sets" || return 1
  awk -v out="$work" -v late="$1" '
    function other(set) { return "tg-~" substr(set, 4) }
    side == "have" { there[$1] = 1; if ($1 ~ /^tg-/) destroy[$1] = 1; next }
    side == "create" {
      line = $0
      delete destroy[$2]
      if (!($2 ~ /^tg-was[46]$/ && $2 in there)) delete destroy[other($2)]
      if (!($2 in there)) { print line > (out "/new"); print $2 > (out "/made") }
      if ($2 ~ /^tg-was[46]$/ && ($2 in there)) next
      if (other($2) in there) print "destroy " other($2) > (out "/fill")
      sub(/ tg-/, " tg-~", line)
      print line > (out "/fill")
      print $2 > (out "/swap")
      filled[$2] = 1
      next
    }
    !($1 in filled) { next }
    $3 == "" { print "add " other($1) " " $2 > (out "/fill"); next }
    $1 ~ /^tg-block[46]$/ { print "add " other($1) " " $2 " timeout " $3 > (out "/fill"); next }
    $3 > late { print "add " other($1) " " $2 " timeout " ($3 - late) > (out "/fill") }
    END { for (set in destroy) print "destroy " set > (out "/gone") }
  ' side=have "$work/sets" side=create "$work/create" side=members "$work/members"
}

drop_others() { while read -r set; do ipset -quiet destroy "$(other "$set")"; done < "$work/swap"; }

undo_sets() {
  while read -r set; do ipset swap "$set" "$(other "$set")"; done < "$work/swapped"
  drop_others
  while read -r set; do ipset destroy "$set"; done < "$work/made"
}

undo_rules() { # back to what iptables-save said at the beginning
  for family in 4 6; do
    have_rules $family "$work/now$family" &&
      rules_between "$work/before$family" "$work/now$family" > "$work/back$family" &&
      send_rules $family "$work/back$family" || say "tollgate: the rules of IPv$family could not be put back" >&2
  done
}

give_up() { undo_sets 2> /dev/null; fail "$*: $(tail -n 3 "$work/error" | tr '\n' ' ')"; }

clock() { [ -n "$now" ] && say "$now" || date +%s; }

for name in swapped error; do : > "$work/$name"; done
began=$(clock)
# How long loading takes is not known beforehand, and a lease must not end late because of it: each is given less.
spare=$((1 + $(cat "$file" ${countries:+"$countries"} | wc -l) / 200000))
read_state "$began" "$spare"

if [ -n "$print" ]; then
  say '# ipset' && cat "$work/create"
  awk '{ print "add " $1 " " $2 ($3 == "" ? "" : " timeout " $3) }' "$work/members"
  say '# iptables' && cat "$work/rules4"
  say '# ip6tables' && cat "$work/rules6"
  say "# $(sed -n 's/^text //p' "$work/said")"
  exit 0
fi

for family in 4 6; do
  printf '%s\n' '-A INPUT -j TOLLGATE' >> "$work/rules$family"
  have_rules $family "$work/before$family" 2> "$work/error" || fail "the rules cannot be read: $(cat "$work/error")"
  rules_between "$work/rules$family" "$work/before$family" > "$work/send$family"
done

more=0
for times in 1 2 3 last; do
  [ "$times" != last ] || fail 'filling the sets takes too long'
  for name in new made fill swap gone; do : > "$work/$name"; done
  start=$(clock)
  plan_sets $((start - began + more)) 2> "$work/error" || fail "the kernel's sets cannot be read: $(cat "$work/error")"
  send_sets "$work/new" 2> "$work/error" || give_up 'the sets could not be made'
  send_sets "$work/fill" 2> "$work/error" || give_up 'the sets could not be filled'
  took=$(($(clock) - start))
  [ "$took" -ge $((spare + more)) ] || break
  undo_sets 2> /dev/null
  more=$((took < 60 ? took : 60)) # longer than a minute it was the clock that moved
done

trap '' HUP INT TERM # from here on it takes a moment, and is done or taken back
for family in 4 6; do
  send_rules $family "$work/send$family" --test 2> "$work/error" || give_up "the rules of IPv$family are refused"
done
while read -r set; do
  ipset swap "$set" "$(other "$set")" 2> "$work/error" || give_up "the set $set could not be exchanged"
  say "$set" >> "$work/swapped"
done < "$work/swap"
for family in 4 6; do
  send_rules $family "$work/send$family" 2> "$work/error" || {
    undo_rules
    give_up "the rules of IPv$family could not be loaded"
  }
done
for family in 4 6; do # a rule that we think is there is not a rule that is there
  have_rules $family "$work/now$family" 2> "$work/error" || : > "$work/now$family"
  rules_between "$work/rules$family" "$work/now$family" > "$work/rest$family"
  [ ! -s "$work/rest$family" ] || {
    undo_rules
    cat "$work/rest$family" >> "$work/error"
    give_up "the kernel does not keep the rules of IPv$family"
  }
done
drop_others
send_sets "$work/gone" 2> "$work/error" || say "tollgate: a set of ours that is no longer wanted stays: $(cat "$work/error")"
say "tollgate: the firewall is restored: $(sed -n 's/^text //p' "$work/said")"

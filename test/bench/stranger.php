<?php
// A stranger check as PHP AGI scripts are: reads the call's description, connects, asks two tables of ranges, leaves the
// answer on the channel. Argument: the caller's address, ADDRESS:PORT.

while (($line = fgets(STDIN)) !== false && trim($line) !== '') {
    [$name, $value] = explode(':', $line, 2);
    $agi[$name] = trim($value);
}

function covers(mysqli $database, string $table, int $address): bool
{
    // The last range that begins at or before it: one step in the index, where BETWEEN would walk half of it.
    $query = $database->prepare("SELECT last FROM $table WHERE first <= ? ORDER BY first DESC LIMIT 1");
    $query->bind_param('i', $address);
    $query->execute();
    $row = $query->get_result()->fetch_row();
    return $row !== null && $row[0] >= $address;
}

function set(string $name, string $value): void
{
    echo "SET VARIABLE $name \"$value\"\n";
    fgets(STDIN);
}

$database = new mysqli('localhost', 'root', '', 'tollgate');
$address = ip2long(explode(':', $argv[1])[0]);
$stranger = !covers($database, 'permit', $address) || covers($database, 'deny', $address);
set('STRANGER', $stranger ? 'true' : 'false');
$database->close();

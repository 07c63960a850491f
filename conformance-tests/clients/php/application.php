<?php
// What the phpCAS applications share. Apache's environment says where everything is:
// CAS_PORT, CAS_CA (the authority of the server's certificate), OWN_URL, STATE (a folder to write to).

require_once 'CAS.php';

ini_set('session.save_path', getenv('STATE'));
// All applications lie on one host, each with a cookie of its own.
session_name('php' . preg_replace('/\W/', '', dirname($_SERVER['SCRIPT_NAME'])));
phpCAS::setVerbose(false);

/** A client of phpCAS, by `phpCAS::client` or `phpCAS::proxy`; takes logout requests. */
function cas(string $kind, string $version): void
{
    phpCAS::$kind($version, 'localhost', (int) getenv('CAS_PORT'), '/cas', getenv('OWN_URL'));
    phpCAS::setCasServerCACert(getenv('CAS_CA'));
    // The address of the server is loopback's, which may have any name.
    phpCAS::handleLogoutRequests(false);
}

function answer(array $told): void
{
    header('Content-Type: application/json');
    echo json_encode($told, JSON_THROW_ON_ERROR | JSON_UNESCAPED_UNICODE);
}

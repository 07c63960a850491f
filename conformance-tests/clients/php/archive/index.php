<?php
// The end of a chain: lets people in, and the mail that was asked by the portal.

require_once __DIR__ . '/../application.php';

cas('client', CAS_VERSION_3_0);
// Newest first, as the validation lists them.
phpCAS::allowProxyChain(new CAS_ProxyChain([getenv('OWN_URL') . '/mail/', getenv('OWN_URL') . '/portal/']));
phpCAS::setNoClearTicketsFromUrl();
phpCAS::forceAuthentication();
answer([
    'user' => phpCAS::getUser(),
    'attributes' => phpCAS::getAttributes(),
    'proxies' => phpCAS::getProxies(),
]);

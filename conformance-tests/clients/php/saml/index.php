<?php
// An application that validates by SAML 1.1.

require_once __DIR__ . '/../application.php';

cas('client', SAML_VERSION_1_1);
phpCAS::forceAuthentication();
answer(['user' => phpCAS::getUser(), 'attributes' => phpCAS::getAttributes()]);

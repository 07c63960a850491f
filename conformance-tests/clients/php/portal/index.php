<?php
// A portal that shows its visitor, and fetches from other applications in their name.

require_once __DIR__ . '/../application.php';

cas('proxy', CAS_VERSION_3_0);
phpCAS::setPGTStorageFile(getenv('STATE'));
phpCAS::forceAuthentication();

$told = ['user' => phpCAS::getUser(), 'attributes' => phpCAS::getAttributes()];
if (isset($_GET['fetch'])) {
    // phpCAS asks for the proxy ticket itself.
    $service = phpCAS::getProxiedService(PHPCAS_PROXIED_SERVICE_HTTP_GET);
    $service->setUrl($_GET['fetch']);
    try {
        $service->send();
        $told['fetched'] = json_decode($service->getResponseBody(), true);
    } catch (CAS_ProxyTicketException $refusal) {
        $told['refused'] = $refusal->getMessage();
    }
}
answer($told);

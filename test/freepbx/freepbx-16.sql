-- FreePBX 16: chan_sip, chan_pjsip and IAX2 side by side.
CREATE TABLE trunks (
  trunkid int NOT NULL DEFAULT 0, tech varchar(20) NOT NULL, channelid varchar(190) NOT NULL, name varchar(50) NOT NULL DEFAULT '',
  outcid varchar(40) NOT NULL DEFAULT '', keepcid varchar(4) DEFAULT 'off', maxchans varchar(6) DEFAULT '', failscript varchar(255) NOT NULL DEFAULT '',
  dialoutprefix varchar(255) NOT NULL DEFAULT '', usercontext varchar(255) DEFAULT NULL, provider varchar(40) DEFAULT NULL,
  disabled varchar(4) DEFAULT 'off', `continue` varchar(4) DEFAULT 'off', routedisplay varchar(4) DEFAULT 'on',
  PRIMARY KEY (trunkid, tech, channelid)) DEFAULT CHARSET = utf8mb4;
CREATE TABLE devices (
  id varchar(20) NOT NULL DEFAULT '' PRIMARY KEY, tech varchar(10) NOT NULL DEFAULT '', dial varchar(255) NOT NULL DEFAULT '',
  devicetype varchar(5) NOT NULL DEFAULT '', user varchar(50) DEFAULT NULL, description varchar(50) DEFAULT NULL,
  emergency_cid varchar(100) DEFAULT NULL, hint_override varchar(100) DEFAULT NULL) DEFAULT CHARSET = utf8mb4;
CREATE TABLE sip (id varchar(20) NOT NULL DEFAULT '-1', keyword varchar(30) NOT NULL DEFAULT '', data varchar(8100) NOT NULL,
  flags int NOT NULL DEFAULT 0, PRIMARY KEY (id, keyword)) DEFAULT CHARSET = utf8mb4;
CREATE TABLE pjsip LIKE sip;
CREATE TABLE iax (id varchar(20) NOT NULL DEFAULT '-1', keyword varchar(30) NOT NULL DEFAULT '', data varchar(255) NOT NULL,
  flags int NOT NULL DEFAULT 0, PRIMARY KEY (id, keyword)) DEFAULT CHARSET = utf8mb4;

INSERT INTO trunks (trunkid, tech, channelid, name, disabled) VALUES
  (1, 'pjsip', 'north', 'north', 'off'), (2, 'sip', 'carrier', 'carrier', 'off'), (3, 'iax', 'branch', 'IAX branch', 'off'),
  (4, 'pjsip', 'former', 'former carrier', 'on'), (5, 'pjsip', 'subsidiary', 'subsidiary', 'off'),
  (6, 'custom', 'PJSIP/$OUTNUM$@gateway', 'gateway', 'off'),
  (7, 'pjsip', 'odd', CONCAT('x\'; DROP TABLE trunks; -- "\n', CHAR(27), '[2J'), 'off'), (8, 'sip', 'gone', 'gone', 'on'),
  (9, 'sip', 'ancient', 'ancient', 'off'), (10, 'pjsip', 'plain', '', NULL);
INSERT INTO devices (id, tech, description) VALUES
  ('201', 'sip', 'Reception'), ('202', 'sip', 'Office of the branch'), ('203', 'pjsip', 'Home'), ('204', 'pjsip', NULL), ('301', 'iax2', 'Old phone');

INSERT INTO pjsip (id, keyword, data) VALUES
  ('1', 'sip_server', 'sip.north.example'), ('1', 'sip_server_port', '5060'), ('1', 'registration', 'send'), ('1', 'secret', 'hunter2'),
  ('1', 'match', '192.0.2.0/28,192.0.2.99 , 2001:db8:1::/48'), ('1', 'server_uri', 'sip:sip.north.example:5060'),
  ('1', 'client_uri', 'sip:49301234@login.north.example:5060'), ('1', 'aor_contact', 'sip:49301234@edge.north.example:5062\\;transport=tcp'),
  ('1', 'outbound_proxy', 'sip:proxy.north.example\\;lr'),
  ('4', 'sip_server', 'sip.former.example'), ('4', 'match', '198.51.100.4'), ('4', 'disabletrunk', 'on'),
  ('5', 'registration', 'receive'), ('5', 'sip_server', 'sip.left-over.example'), ('5', 'match', '198.51.100.5'), ('5', 'outbound_proxy', ''),
  ('7', 'sip_server', '[2001:db8:7::5]'), ('7', 'match', '192.0.2.70\r\n192.0.2.71\nsip.odd.example'), ('7', 'registration', 'none'),
  ('7', 'server_uri', 'sips:me:hunter2@[2001:db8:7::5]:5061;transport=tls'), ('7', 'client_uri', '$(reboot)'),
  ('10', 'sip_server', '192.0.2.110'), ('10', 'match', ''),
  ('203', 'match', '192.0.2.33, home.example.net'), ('203', 'outbound_proxy', 'sip:sbc.example.net;lr'), ('203', 'secret', 'hunter2'),
  ('204', 'match', ''), ('204', 'sip_server', 'not.used.example'), ('777', 'match', '198.51.100.77');
INSERT INTO sip (id, keyword, data) VALUES
  ('tr-peer-2', 'host', 'sip.carrier.example ; since the move'), ('tr-peer-2', 'deny', '0.0.0.0/0.0.0.0'), ('tr-peer-2', 'secret', 'hunter2'),
  ('tr-peer-2', 'permit', '198.51.100.0/255.255.255.0&203.0.113.7&0.0.0.0/0.0.0.0'), ('tr-peer-2', 'outboundproxy', 'proxy.carrier.example:5080'),
  ('tr-peer-2', 'fromdomain', 'domain.carrier.example'), ('tr-user-2', 'host', 'dynamic'),
  ('tr-reg-2', 'register', 'me:hunt&er2@reg.carrier.example:5080/4930'),
  ('tr-peer-8', 'host', 'sip.gone.example'), ('tr-reg-8', 'register', 'me:hunter2@reg.gone.example'),
  ('99999', 'host', '192.0.2.90'), ('99999999', 'register', 'me:hunter2@192.0.2.91'),
  ('201', 'host', 'dynamic'), ('201', 'permit', '0.0.0.0/0.0.0.0'), ('201', 'deny', '0.0.0.0/0.0.0.0'),
  ('202', 'host', 'dynamic'), ('202', 'deny', '0.0.0.0/0.0.0.0'), ('202', 'permit', '198.51.100.128/255.255.255.128');
INSERT INTO iax (id, keyword, data) VALUES
  ('tr-peer-3', 'host', '2001:db8:3::1'), ('tr-peer-3', 'permit', '0.0.0.0/0'), ('tr-reg-3', 'register', 'me:hunter2@iax.branch.example'),
  ('301', 'host', 'dynamic'), ('301', 'permit', '0.0.0.0/0.0.0.0&192.0.2.31/255.255.255.255');

-- FreePBX 17: Asterisk has no chan_sip any more, and neither has the database.
CREATE TABLE trunks (
  trunkid int NOT NULL DEFAULT 0, tech varchar(20) NOT NULL, channelid varchar(190) NOT NULL, name varchar(50) NOT NULL DEFAULT '',
  outcid varchar(40) NOT NULL DEFAULT '', keepcid varchar(4) DEFAULT 'off', maxchans varchar(6) DEFAULT '', failscript varchar(255) NOT NULL DEFAULT '',
  dialoutprefix varchar(255) NOT NULL DEFAULT '', usercontext varchar(255) DEFAULT NULL, provider varchar(40) DEFAULT NULL,
  disabled varchar(4) DEFAULT 'off', `continue` varchar(4) DEFAULT 'off', routedisplay varchar(4) DEFAULT 'on', trunk_balance varchar(4) DEFAULT 'off',
  PRIMARY KEY (trunkid, tech, channelid)) DEFAULT CHARSET = utf8mb4;
CREATE TABLE devices (
  id varchar(20) NOT NULL DEFAULT '' PRIMARY KEY, tech varchar(10) NOT NULL DEFAULT '', dial varchar(255) NOT NULL DEFAULT '',
  devicetype varchar(5) NOT NULL DEFAULT '', user varchar(50) DEFAULT NULL, description varchar(50) DEFAULT NULL,
  emergency_cid varchar(100) DEFAULT NULL, hint_override varchar(100) DEFAULT NULL) DEFAULT CHARSET = utf8mb4;
CREATE TABLE pjsip (id varchar(20) NOT NULL DEFAULT '-1', keyword varchar(30) NOT NULL DEFAULT '', data varchar(8100) NOT NULL,
  flags int NOT NULL DEFAULT 0, PRIMARY KEY (id, keyword)) DEFAULT CHARSET = utf8mb4;
CREATE TABLE iax (id varchar(20) NOT NULL DEFAULT '-1', keyword varchar(30) NOT NULL DEFAULT '', data varchar(255) NOT NULL,
  flags int NOT NULL DEFAULT 0, PRIMARY KEY (id, keyword)) DEFAULT CHARSET = utf8mb4;

INSERT INTO trunks (trunkid, tech, channelid, name, disabled) VALUES
  (1, 'pjsip', 'north', 'north', 'off'), (2, 'pjsip', 'south', 'south', 'on'), (3, 'iax2', 'branch', 'branch', 'off'), (4, 'dahdi', 'g0', 'ISDN', 'off');
INSERT INTO devices (id, tech, description) VALUES ('101', 'pjsip', 'Ann'), ('102', 'virtual', 'Voicemail');
INSERT INTO pjsip (id, keyword, data) VALUES
  ('1', 'sip_server', 'sip.north.example'), ('1', 'registration', 'send'), ('1', 'secret', 'hunter2'), ('1', 'match', ''),
  ('2', 'sip_server', 'sip.south.example'), ('2', 'server_uri', 'sip:sip.south.example'), ('101', 'match', '2001:db8:101::/64');
INSERT INTO iax (id, keyword, data) VALUES ('tr-peer-3', 'host', '203.0.113.3'), ('tr-reg-3', 'register', 'me:hunter2@203.0.113.3');

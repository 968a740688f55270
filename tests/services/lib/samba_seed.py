#!/usr/bin/python3
"""Fill a freshly provisioned Samba directory with the people and groups of the tests.

Usage: samba_seed.py SMB_CONF REALM OUT_ENV

Works on the database files, so it must run before the server starts. Needs Debian's
python3-samba, and therefore Debian's own interpreter. tests/README.md lists who is in
the directory and which trap each of them is.
"""
import sys

import ldb
from samba import dsdb, param
from samba.auth import system_session
from samba.dcerpc import security
from samba.ndr import ndr_unpack
from samba.samdb import SamDB
from samba.sd_utils import SDUtils

PASSWORDS = {"USER": "User-Passw0rd!1", "SVC": "Svc-Passw0rd!1", "READER": "Read-Passw0rd!1"}
MAIL_SUFFIX = "example.com"

# schemaIDGUID of the class and the attributes, and rightsGuid of the right, that the
# responder is given.
CLASS_USER = "bf967aba-0de6-11d0-a285-00aa003049e2"
CLASS_COMPUTER = "bf967a86-0de6-11d0-a285-00aa003049e2"
USER_ACCOUNT_CONTROL = "bf967a68-0de6-11d0-a285-00aa003049e2"
PWD_LAST_SET = "bf967a0a-0de6-11d0-a285-00aa003049e2"
LOCKOUT_TIME = "28630ebf-41d5-11d1-a9c1-0000f80367c1"
RESET_PASSWORD = "00299570-246d-11d0-a768-00aa006e0529"

NORMAL_ACCOUNT = 0x200
ACCOUNT_DISABLED = 0x2
NEVER_EXPIRES = 0x10000
MINUTE = 60 * 10_000_000  # in ticks of 100 ns
YEAR_2020 = "132223104000000000"


class Directory:
    """The directory under construction; `users` and `groups` keep the DN of each name."""

    def __init__(self, smb_conf, realm):
        lp = param.LoadParm()
        lp.load(smb_conf)
        self.sam = SamDB(url=lp.samdb_url(), session_info=system_session(lp), lp=lp, options=["nosync:true"])
        self.base = str(self.sam.domain_dn())
        self.dns = realm.lower()
        self.users = {}
        self.groups = {}

    def replace(self, dn, **attributes):
        message = ldb.Message(ldb.Dn(self.sam, dn))
        for name, value in attributes.items():
            message[name] = ldb.MessageElement(value, ldb.FLAG_MOD_REPLACE, name)
        self.sam.modify(message)

    def unit(self, path):
        self.sam.add({"dn": "OU=%s,%s" % (path, self.base), "objectClass": "organizationalUnit"})

    def user(self, name, unit="Staff", password=PASSWORDS["USER"], suffix=MAIL_SUFFIX, mail=True):
        address = "%s@%s" % (name, MAIL_SUFFIX)
        # Without `useusernameascn` the common name is "user01 Test", not the account name.
        self.sam.newuser(name, password, userou="OU=" + unit, givenname=name, surname="Test",
                         mailaddress=address if mail else None, useusernameascn=None)
        dn = "CN=%s Test,OU=%s,%s" % (name, unit, self.base)
        self.replace(dn, userPrincipalName="%s@%s" % (name, suffix))
        self.users[name] = dn

    def group(self, name, *members):
        dn = "CN=%s,OU=Groups,%s" % (name, self.base)
        self.sam.add({"dn": dn, "objectClass": "group", "sAMAccountName": name,
                      "groupType": str(dsdb.GTYPE_SECURITY_GLOBAL_GROUP)})
        if members:
            message = ldb.Message(ldb.Dn(self.sam, dn))
            message["member"] = ldb.MessageElement(list(members), ldb.FLAG_MOD_ADD, "member")
            self.sam.modify(message)
        self.groups[name] = dn

    def sid(self, dn):
        found = self.sam.search(dn, scope=ldb.SCOPE_BASE, attrs=["objectSid"])
        return str(ndr_unpack(security.dom_sid, found[0]["objectSid"][0]))


def policies(d):
    """Lock after three bad binds, for half an hour; a second suffix for principal names."""
    d.replace(d.base, lockoutThreshold="3", lockoutDuration=str(-30 * MINUTE),
              lockOutObservationWindow=str(-30 * MINUTE), minPwdAge="0")
    d.replace("CN=Partitions," + str(d.sam.get_config_basedn()), uPNSuffixes=MAIL_SUFFIX)


def people(d):
    for number in range(1, 51):
        d.user("user%02d" % number)
    d.user("contractor01", unit="Staff-Contractors,OU=Staff")
    d.user("legacy01", suffix=d.dns)
    d.user("nomail01", mail=False)
    d.user("alias01")
    d.replace(d.users["alias01"], mail="first.last@" + MAIL_SUFFIX,
              proxyAddresses=["SMTP:first.last@" + MAIL_SUFFIX, "smtp:fl@" + MAIL_SUFFIX])
    d.user("outside01", unit="Outside")
    d.user("admin01")
    d.user("svc-respond", unit="Services", password=PASSWORDS["SVC"], suffix=d.dns, mail=False)
    d.user("svc-reader", unit="Services", password=PASSWORDS["READER"], suffix=d.dns, mail=False)
    odd_name(d)
    flags(d)


def odd_name(d):
    """Every name of this one holds characters to be escaped in a DN or in a filter."""
    address = "odd.name01@" + MAIL_SUFFIX
    dn = "CN=Odd\\, (Name)*,OU=Staff," + d.base
    d.sam.add({"dn": dn, "objectClass": "user", "sAMAccountName": "odd.name01",
               "userPrincipalName": address, "mail": address, "displayName": "odd(1)*x"})
    d.sam.setpassword("(sAMAccountName=odd.name01)", PASSWORDS["USER"])
    d.sam.enable_account("(sAMAccountName=odd.name01)")
    d.users["odd.name01"] = dn


def flags(d):
    for name in ("svc-respond", "svc-reader", "user05"):
        d.replace(d.users[name], userAccountControl=str(NORMAL_ACCOUNT | NEVER_EXPIRES))
    d.replace(d.users["user06"], userAccountControl=str(NORMAL_ACCOUNT | ACCOUNT_DISABLED))
    d.replace(d.users["user07"], accountExpires=YEAR_2020)


def groups(d):
    d.group("VIP-Deep", d.users["user03"])
    d.group("VIP-Assistants", d.users["user02"], d.groups["VIP-Deep"])
    d.group("VIP", d.users["user01"], d.groups["VIP-Assistants"])
    d.group("Break-Glass", d.users["user04"])
    d.group("All-Staff", *(d.users["user%02d" % number] for number in range(1, 51)))
    d.group("Responders", d.users["svc-respond"])
    d.sam.add_remove_group_members("Domain Admins", ["admin01"], add_members_operation=True)


def workstation(d):
    d.sam.newcomputer("WS01", computerou="OU=Workstations", description="test workstation")
    d.replace("CN=WS01,OU=Workstations," + d.base, dNSHostName="ws01." + d.dns)


def delegate(d):
    """The responder's four rights on user objects below OU=Staff, one on the computers below
    OU=Workstations, and nothing else."""
    descriptors = SDUtils(d.sam)
    responders = d.sid(d.groups["Responders"])
    for attribute in (USER_ACCOUNT_CONTROL, PWD_LAST_SET, LOCKOUT_TIME):
        ace = "(OA;CIIO;RPWP;%s;%s;%s)" % (attribute, CLASS_USER, responders)
        descriptors.dacl_add_ace("OU=Staff," + d.base, ace)
    ace = "(OA;CIIO;CR;%s;%s;%s)" % (RESET_PASSWORD, CLASS_USER, responders)
    descriptors.dacl_add_ace("OU=Staff," + d.base, ace)
    ace = "(OA;CIIO;RPWP;%s;%s;%s)" % (USER_ACCOUNT_CONTROL, CLASS_COMPUTER, responders)
    descriptors.dacl_add_ace("OU=Workstations," + d.base, ace)


def protect_admin(d):
    """A list of rights that inherits nothing, which Windows gives to its administrators
    hourly. Samba has no such task, so it is given by hand: SYSTEM and Domain Admins may do
    everything, everybody else may read."""
    full = "RPWPCRCCDCLCLORCWOWDSDDTSW"
    sddl = "D:PAI(A;;%s;;;SY)(A;;%s;;;DA)(A;;RPLCLORC;;;AU)" % (full, full)
    descriptor = security.descriptor.from_sddl(sddl, security.dom_sid(d.sam.get_domain_sid()))
    d.replace(d.users["admin01"], adminCount="1")
    SDUtils(d.sam).modify_sd_on_dn(d.users["admin01"], descriptor,
                                   controls=["sd_flags:1:%d" % security.SECINFO_DACL])


def write_env(d, path):
    values = {
        "AD_BASE": d.base,
        "AD_DOMAIN_SID": d.sam.get_domain_sid(),
        "AD_STAFF_OU": "OU=Staff," + d.base,
        "AD_VIP_GROUP": d.groups["VIP"],
        "AD_USER_PASSWORD": PASSWORDS["USER"],
        "AD_SVC_DN": d.users["svc-respond"],
        "AD_SVC_UPN": "svc-respond@" + d.dns,
        "AD_SVC_PASSWORD": PASSWORDS["SVC"],
        "AD_READER_DN": d.users["svc-reader"],
        "AD_READER_UPN": "svc-reader@" + d.dns,
        "AD_READER_PASSWORD": PASSWORDS["READER"],
    }
    with open(path, "w") as f:
        f.writelines("%s='%s'\n" % item for item in values.items())


def main(smb_conf, realm, out):
    d = Directory(smb_conf, realm)
    policies(d)
    d.sam.transaction_start()
    for path in ("Staff", "Staff-Contractors,OU=Staff", "Groups", "Services", "Workstations", "Outside"):
        d.unit(path)
    people(d)
    groups(d)
    workstation(d)
    d.sam.transaction_commit()
    delegate(d)
    protect_admin(d)
    write_env(d, out)


main(*sys.argv[1:4])
